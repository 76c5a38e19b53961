//! What is hidden, as the configuration says.

use serde::Deserialize;

use crate::span::{Span, merge};
use crate::{assignment, email, key_block, token};

/// The configuration.
#[derive(Debug, Deserialize)]
pub struct Rules {
    private_keys: bool,
    tokens: bool,
    assignments: bool,
    names: Vec<String>,
    emails: Emails,
    kept_domains: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Emails {
    Keep,
    Hide,
}

impl Rules {
    /// The secrets in a text, in order; none overlaps another.
    pub fn find(&self, text: &str) -> Vec<Span> {
        let mut spans = Vec::new();
        if self.private_keys {
            spans.extend(key_block::find(text));
        }
        if self.tokens {
            spans.extend(token::find(text));
        }
        if self.assignments {
            spans.extend(assignment::find(text, &self.names));
        }
        if self.emails == Emails::Hide {
            // The password of a URL with its host is none.
            let mut emails = email::find(text, &self.kept_domains);
            emails.retain(|email| !spans.iter().any(|span| hides_name(text, email, span)));
            spans.extend(emails);
        }
        merge(spans)
    }
}

/// Whether what stands before the `@` of an address is hidden already.
fn hides_name(text: &str, email: &Span, span: &Span) -> bool {
    let address = text.get(email.at.clone()).unwrap_or_default();
    let sign = email.at.start + address.find('@').unwrap_or_default();
    span.at.contains(&sign.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span;

    fn rules() -> Rules {
        Rules {
            private_keys: true,
            tokens: true,
            assignments: true,
            names: Vec::new(),
            emails: Emails::Hide,
            kept_domains: vec!["example.org".to_owned()],
        }
    }

    fn hidden(rules: &Rules, text: &str) -> String {
        span::hide(text, &rules.find(text))
    }

    #[test]
    fn a_file_of_settings_keeps_what_is_no_secret() {
        let file = "\
host: db.internal
user: shop
password: hunter2 and more
mail: ada@example.org, eve@example.com
key = sk-proj-abcdefghijklmnop0123456789
url: postgres://shop:hunter2@db.internal/shop
";
        let expected = "\
host: db.internal
user: shop
password: [redacted: password]
mail: ada@example.org, [redacted: e-mail address]
key = [redacted: API key]
url: postgres://shop:[redacted: password]@db.internal/shop
";
        assert_eq!(hidden(&rules(), file), expected);
        assert_eq!(hidden(&rules(), expected), expected, "once is enough");
    }

    #[test]
    fn what_is_switched_off_stays() {
        let off = Rules {
            private_keys: false,
            tokens: false,
            assignments: false,
            emails: Emails::Keep,
            ..rules()
        };
        let text = "password=hunter2 ghp_abcdefghijklmnopqrstuvwxyz012345 eve@example.com";
        assert_eq!(hidden(&off, text), text);
    }

    #[test]
    fn plain_text_stays() {
        let text = "The password is asked for at the door. Tokens are in docs/tokens.md. a@b, 3:4 = 7 größer";
        assert_eq!(hidden(&rules(), text), text);
    }
}
