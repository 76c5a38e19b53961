//! Keeps a plugin's secrets out of what the plugin says: log records, errors, denials.
//!
//! A secret is found as it is and in the forms in which programs print text by habit: escaped, as a JSON string, as Rust's debug form,
//! percent-encoded, and in Base64 (the URL alphabet too), also in the middle of a longer text that was encoded; of a secret that has lines,
//! each line of 8 bytes and more. What else a plugin does to a secret (spelling it backwards, one byte a record) cannot be caught, nor is what
//! it replies or writes to the host's state looked at: that is why `secret:read` is dangerous.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding};
use secrecy::ExposeSecret;

use crate::configuration::{Configuration, MIN_SECRET_BYTES};
use crate::log_record::escape;

/// What stands in the place of a secret.
const SHOWN: &str = "[secret]";

/// Finds the secrets of one plugin. Cheap to clone; costs next to nothing for a plugin without secrets.
#[derive(Clone, Default)]
pub(crate) struct Redactor(Option<Arc<Forms>>);

struct Forms {
    finder: AhoCorasick,
    longest: usize,
}

impl Redactor {
    /// For the secrets of a configuration.
    ///
    /// # Errors
    /// There are more of them than a finder can hold.
    pub(crate) fn of(configuration: &Configuration) -> Result<Self, aho_corasick::BuildError> {
        let secrets = configuration.secrets();
        let forms: BTreeSet<String> = secrets
            .flat_map(|(_, secret)| forms(secret.expose_secret()))
            .collect();
        if forms.is_empty() {
            return Ok(Self(None));
        }
        let longest = forms.iter().map(String::len).max().unwrap_or_default();
        let finder = AhoCorasick::new(&forms)?;
        Ok(Self(Some(Arc::new(Forms { finder, longest }))))
    }

    /// The length of the longest text that is hidden, in bytes. Who collects text up to a limit keeps as many more, so that no secret is cut
    /// where it could not be found any more.
    pub(crate) fn longest(&self) -> usize {
        self.0.as_ref().map_or(0, |forms| forms.longest)
    }

    /// A plugin's text as it may be shown: at most `limit` bytes of it, without its secrets, and escaped.
    pub(crate) fn show(&self, text: &str, limit: usize) -> String {
        match &self.0 {
            None => escape(text, limit),
            Some(forms) => escape(&forms.hide(text, limit), usize::MAX),
        }
    }
}

impl Forms {
    /// The first `limit` bytes of a text without secrets. A secret that the limit would cut is hidden as a whole.
    fn hide<'t>(&self, text: &'t str, limit: usize) -> Cow<'t, str> {
        let end = text.floor_char_boundary(limit);
        // What begins later is cut off.
        let reach = text.ceil_char_boundary(limit.saturating_add(self.longest));
        let window = text.get(..reach).unwrap_or(text);
        let mut shown = String::new();
        let mut from = 0;
        for (start, stop) in self.places(window) {
            if start >= end {
                break;
            }
            shown.push_str(text.get(from..start).unwrap_or_default());
            shown.push_str(SHOWN);
            from = stop;
        }
        let rest = text.get(from..end).unwrap_or_default();
        match from {
            0 => Cow::Borrowed(rest),
            _ => Cow::Owned(shown + rest),
        }
    }

    /// Where secrets stand, in order. Those that overlap or touch are one place.
    fn places(&self, text: &str) -> Vec<(usize, usize)> {
        let mut places = Vec::<(usize, usize)>::new();
        for found in self.finder.find_overlapping_iter(text) {
            let (mut start, stop) = (found.start(), found.end());
            // They come in the order of their ends: a long one may cover several before it.
            while let Some((before, _)) = places.pop_if(|(_, stop)| *stop >= start) {
                start = start.min(before);
            }
            places.push((start, stop));
        }
        places
    }
}

/// The forms in which a secret is hidden.
fn forms(secret: &str) -> Vec<String> {
    let lines = secret.lines().map(str::trim);
    let parts = lines.filter(|line| line.len() >= MIN_SECRET_BYTES && *line != secret);
    let mut forms = Vec::new();
    for text in std::iter::once(secret).chain(parts) {
        let json = serde_json::to_string(text).unwrap_or_default();
        let debug = format!("{text:?}");
        forms.extend([text.to_owned(), percent_encoded(text)]);
        forms.extend([json, debug].iter().map(|form| unquoted(form)));
    }
    for form in forms.clone() {
        forms.push(escape(&form, usize::MAX));
    }
    for encoding in [BASE64_NOPAD, BASE64URL_NOPAD] {
        forms.push(encoding.encode(secret.as_bytes()));
        forms.extend((0..3).map(|before| in_the_middle(&encoding, before, secret)));
    }
    forms.retain(|form| form.len() >= MIN_SECRET_BYTES);
    forms
}

/// The part of Base64 text that a secret decides by itself when `before` bytes (0 to 2) stand before it in a group of three.
fn in_the_middle(encoding: &Encoding, before: usize, secret: &str) -> String {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret.as_bytes());
    let encoded = encoding.encode(&bytes);
    // Six bits a character: the first ones mix with what stands before, the last one with what comes after.
    let (first, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    encoded.get(first..end).unwrap_or_default().to_owned()
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn unquoted(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::configuration::Settings;

    fn redactor(secrets: &[&str]) -> Redactor {
        let keys = (0..secrets.len()).map(|number| format!("s{number}"));
        let properties: serde_json::Map<_, _> = keys
            .clone()
            .map(|key| (key, serde_json::json!({ "type": "string", "secret": true })))
            .collect();
        let schema = serde_json::json!({ "properties": properties });
        let schema = crate::configuration::ConfigSchema::of(schema.as_object().unwrap().clone());
        let settings = keys
            .zip(secrets)
            .fold(Settings::new(), |settings, (key, secret)| {
                settings.secret(key, *secret)
            });
        Redactor::of(&schema.unwrap().check(settings).unwrap()).unwrap()
    }

    /// Proves M6: a secret is hidden in every form that the documentation names.
    #[test]
    fn every_form_is_hidden() {
        let secret = "pa\"ss\nwörd\u{202e}/+?";
        let redactor = redactor(&[secret]);
        let base64 = data_encoding::BASE64.encode(secret.as_bytes());
        let basic = data_encoding::BASE64.encode(format!("user1:{secret}, and more").as_bytes());
        for text in [
            secret.to_owned(),
            escape(secret, 100),
            serde_json::to_string(secret).unwrap(),
            serde_json::to_string(&format!("x{secret}")).unwrap(),
            format!("{secret:?}"),
            percent_encoded(secret),
            base64.clone(),
            base64.trim_end_matches('=').to_owned(),
            basic,
        ] {
            let shown = redactor.show(&format!("a {text} b {text}{text}"), 4_096);
            assert!(shown.contains("[secret]"), "{text}: {shown}");
            for part in ["pa", "ss", "rd", &base64[4..9]] {
                assert!(!shown.contains(part), "{text}: {shown}");
            }
        }
    }

    /// Proves M6: each encoding of a longer text is found, wherever in it the secret stands.
    #[test]
    fn base64_is_found_in_the_middle() {
        let redactor = redactor(&["correct-horse"]);
        for before in ["", "1", "12", "123", "1234"] {
            for after in ["", "1", "12", "123"] {
                let text = format!("{before}correct-horse{after}");
                let shown = redactor.show(&data_encoding::BASE64.encode(text.as_bytes()), 100);
                assert!(shown.contains("[secret]"), "{text}: {shown}");
                assert!(shown.len() <= 8 + 12, "{text}: {shown}");
            }
        }
    }

    /// Proves M6: neither a limit nor a neighbour leaves a piece of a secret over.
    #[test]
    fn nothing_is_left_of_a_secret() {
        let alone = redactor(&["correct-horse"]);
        for limit in 0..40 {
            let shown = alone.show("correct-horse and correct-horse staple", limit);
            for piece in ["cor", "hor", "rse"] {
                assert!(!shown.contains(piece), "{limit}: {shown}");
            }
        }
        assert_eq!(alone.show("a correct-horse b", 100), "a [secret] b");
        assert_eq!(alone.show("a\nb", 100), "a\\nb");
        let both = redactor(&["correct-horse", "horse-battery", "rse-bat-inner"]);
        assert_eq!(both.show("x correct-horse-battery y", 100), "x [secret] y");
        let lines = redactor(&["-----BEGIN KEY-----\nabcdefghijkl\nmnopqrstuvwx\nyz"]);
        assert_eq!(lines.show("a mnopqrstuvwx b", 100), "a [secret] b");
    }

    #[test]
    fn without_secrets_text_is_escaped_only() {
        let none = redactor(&[]);
        assert_eq!((none.longest(), none.show("äö\n", 3)), (0, "ä".to_owned()));
    }
}
