//! Values that are assigned to names such as `password`.

use std::ops::Range;

use crate::span::Span;

/// Parts of names whose values are secret, and what those are; in small letters, and `-` stands for `_`.
const NAMES: [(&str, &str); 17] = [
    ("password", "password"),
    ("passwd", "password"),
    ("passphrase", "password"),
    ("pgpass", "password"),
    ("_pwd", "password"),
    ("secret", "secret"),
    ("token", "token"),
    ("apikey", "API key"),
    ("api_key", "API key"),
    ("access_key", "access key"),
    ("private_key", "private key"),
    ("signing_key", "private key"),
    ("encryption_key", "private key"),
    ("credential", "credential"),
    ("authorization", "credential"),
    ("connection_string", "credential"),
    ("cookie", "cookie"),
];

/// Values that say that there is no secret.
const NOTHING: [&str; 8] = [
    "null",
    "none",
    "nil",
    "true",
    "false",
    "undefined",
    "string",
    "str",
];

/// The values of a text that are assigned to such names, or to names that hold one of `more`; and the passwords of URLs.
pub fn find(text: &str, more: &[String]) -> Vec<Span> {
    let small = text.to_ascii_lowercase().replace('-', "_");
    let more: Vec<_> = more
        .iter()
        .map(|name| (name.to_ascii_lowercase().replace('-', "_"), "secret"))
        .collect();
    let names = NAMES.iter().map(|(name, kind)| (*name, *kind));
    let names = names.chain(more.iter().map(|(name, kind)| (name.as_str(), *kind)));
    let mut spans = in_urls(text);
    for (name, kind) in names {
        let mut cursor = Cursor {
            text,
            at: 0,
            covered: [0..0, 0..0],
        };
        for (at, _) in small.match_indices(name) {
            cursor.at = at + name.len();
            let value = cursor.value();
            spans.extend(value.map(|at| Span { at, kind }));
        }
    }
    spans
}

/// The longest rest of a name: longer words are no names.
const NAME_CHARS: usize = 64;

/// A place in a text.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// The last values without quotes: words, and lines. One that begins within another ends with it, and is not looked for again.
    covered: [Range<usize>; 2],
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes over what fits, and says what it was.
    fn skip(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// The value that is assigned to the name whose rest begins here.
    fn value(&mut self) -> Option<Range<usize>> {
        self.name()?;
        // Quotes, which within a text of JSON have a backslash before them; and the bracket of `config["password"]`.
        self.skip(is_quote);
        self.skip(|c| c == ']');
        self.skip(is_space);
        let sign = self.skip(|c| matches!(c, ':' | '=' | '>'));
        if !matches!(sign, ":" | "=" | ":=" | "=>") {
            return None;
        }
        let space = self.skip(is_space);
        let quotes = self.skip(is_quote);
        let start = self.at;
        let value = match quotes.chars().last() {
            Some(quote) => self.quoted(quote),
            None => self.bare(sign == ":" && !space.is_empty())?,
        };
        let value = value.trim_end();
        let is_nothing = NOTHING.iter().any(|word| value.eq_ignore_ascii_case(word));
        let is_hidden = value.starts_with("[redacted");
        let is_variable =
            value.starts_with("${") || value.starts_with("{{") || value.starts_with('<');
        let is_value = value.chars().any(char::is_alphanumeric);
        (is_value && !is_nothing && !is_hidden && !is_variable).then(|| start..start + value.len())
    }

    /// Goes over the rest of a name.
    fn name(&mut self) -> Option<()> {
        let is_part = |c: &char| c.is_ascii_alphanumeric() || *c == '_' || *c == '-';
        let rest = self.rest().chars();
        let length = rest.take(NAME_CHARS).take_while(is_part).count();
        self.at += length;
        (length < NAME_CHARS).then_some(())
    }

    /// Up to the quote that ends it. One that does not end was cut.
    fn quoted(&mut self, quote: char) -> &'a str {
        let rest = self.rest();
        let mut escaped = false;
        for (at, c) in rest.char_indices() {
            if c == quote && !escaped {
                return rest.get(..at).unwrap_or_default();
            }
            escaped = c == '\\' && !escaped;
            // `\"` ends a text within a text: it began with one.
            let ends = rest
                .get(at + 1..)
                .is_some_and(|next| next.starts_with(quote));
            if escaped && ends && self.began_escaped() {
                return rest.get(..at).unwrap_or_default();
            }
        }
        rest
    }

    /// Whether the quote before this place has a backslash before it.
    fn began_escaped(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        before.len() >= 2 && before.as_bytes().get(before.len() - 2) == Some(&b'\\')
    }

    /// Without quotes: as in YAML and in headers the rest of the line, else up to a space or to what may end a value.
    fn bare(&mut self, is_line: bool) -> Option<&'a str> {
        let start = self.at;
        let covered = self.covered.get(usize::from(is_line));
        if covered.is_some_and(|covered| covered.contains(&start)) {
            return None;
        }
        let value = match is_line {
            true => self.skip(|c| !matches!(c, '\n' | '\r' | ',' | '}' | '"')),
            false => self.skip(|c| {
                !c.is_whitespace() && !matches!(c, ',' | ';' | '&' | '"' | '\'' | '`' | ')' | '}')
            }),
        };
        if let Some(covered) = self.covered.get_mut(usize::from(is_line)) {
            *covered = start..self.at;
        }
        Some(value)
    }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '\\')
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// The longest URL that is looked through for a password.
const URL_BYTES: usize = 2_048;

/// The passwords in URLs: `scheme://user:password@host`.
fn in_urls(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    for (at, sign) in text.match_indices("://") {
        let start = at + sign.len();
        let rest = text.get(start..).unwrap_or_default();
        let rest = rest
            .get(..rest.floor_char_boundary(URL_BYTES))
            .unwrap_or(rest);
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>');
        let url = rest.get(..rest.find(ends).unwrap_or(rest.len()));
        let url = url.unwrap_or_default();
        let authority = url.get(..end_of_authority(url)).unwrap_or_default();
        let (Some(host), Some(colon)) = (authority.rfind('@'), authority.find(':')) else {
            continue;
        };
        if colon + 1 < host
            && !authority
                .get(colon + 1..host)
                .is_some_and(|it| it.starts_with("[redacted"))
        {
            spans.push(Span {
                at: start + colon + 1..start + host,
                kind: "password",
            });
        }
    }
    spans
}

/// Where user, password and host of a URL end, which stands without its scheme. A password may hold a slash, though it should be written
/// otherwise; a port is digits, and no password.
fn end_of_authority(url: &str) -> usize {
    let end = url.find(['/', '?', '#']).unwrap_or(url.len());
    let authority = url.get(..end).unwrap_or_default();
    let port = authority.split_once(':').map(|(_, port)| port);
    let is_password = port.is_some_and(|port| port.chars().any(|c| !c.is_ascii_digit()));
    match is_password && !authority.contains('@') {
        true => url.find(['?', '#']).unwrap_or(url.len()),
        false => end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::{hide, merge};

    fn hidden(text: &str) -> String {
        hide(text, &merge(find(text, &["pin".to_owned()])))
    }

    /// The secret is `hunter2` in all of them.
    #[test]
    fn values_are_hidden_in_every_notation() {
        for text in [
            "PASSWORD=hunter2",
            "export DB_PASSWORD=\"hunter2\"",
            "password: hunter2",
            "Client-Secret: hunter2",
            "{\"user\": \"ada\", \"apiKey\": \"hunter2\", \"n\": 1}",
            "{'accessToken':'hunter2'}",
            "\"{\\\"password\\\": \\\"hunter2\\\", \\\"n\\\": 1}\"",
            "config[\"secret_token\"] = 'hunter2';",
            "let password = `hunter2`;",
            "Authorization: Bearer hunter2",
            "set-cookie: id=hunter2; path=/",
            "--password=hunter2 --verbose",
            "host=db password=hunter2 user=ada",
            "https://h/?token=hunter2&x=1",
            ":password => \"hunter2\",",
            "API-KEY := hunter2",
            "Pin: hunter2",
            "ftp://ada:hunter2@example.org/x",
            "ftp://ada:x/hunter2@example.org/x",
            "password=token=\"hunter2\"",
            "password: the token: hunter2",
            "password = \"hunter2",
        ] {
            let hidden = hidden(text);
            assert!(!hidden.contains("hunter2"), "{text}: {hidden}");
            assert!(hidden.contains("[redacted: "), "{text}: {hidden}");
        }
    }

    #[test]
    fn the_rest_stays() {
        let json = r#"{"user": "ada", "password": "a \" b", "n": 1}"#;
        let expected = r#"{"user": "ada", "password": "[redacted: password]", "n": 1}"#;
        assert_eq!(hidden(json), expected);
        let conn = hidden("host=db password=x1 user=ada");
        assert_eq!(conn, "host=db password=[redacted: password] user=ada");
        for text in [
            "password: null",
            "token: ${TOKEN}",
            "fn password() -> String",
            "if token == other {",
            "the password, and the secret",
            "password:\n  min: 3",
            "https://example.org:8080/a@b",
        ] {
            assert_eq!(hidden(text), text);
        }
    }

    #[test]
    fn long_texts_of_signs_end() {
        for sign in ["=", "\"", "password", "password=", "://:@", "\\\""] {
            let text = sign.repeat(5_000);
            assert!(hidden(&text).len() < 20 * text.len());
        }
    }
}
