//! Values that are assigned to names such as `password`.

use crate::span::Span;
use crate::{url, value};

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

/// The values of a text that are assigned to such names, or to names that hold one of `more`; and the passwords of URLs.
pub fn find(text: &str, more: &[String]) -> Vec<Span> {
    let small = text.to_ascii_lowercase().replace('-', "_");
    let more: Vec<_> = more
        .iter()
        .map(|name| (name.to_ascii_lowercase().replace('-', "_"), "secret"))
        .collect();
    let names = NAMES.iter().map(|(name, kind)| (*name, *kind));
    let names = names.chain(more.iter().map(|(name, kind)| (name.as_str(), *kind)));
    let mut spans = url::find(text);
    for (name, kind) in names {
        // One value may hold the next name: what is hidden already is not read again.
        let mut done = 0;
        for (at, _) in small.match_indices(name) {
            if at < done {
                continue;
            }
            if let Some(at) = value::after(text, at, at + name.len()) {
                done = at.end;
                spans.push(Span { at, kind });
            }
        }
    }
    spans
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

    /// No part of the secret is left, whatever signs are in it.
    #[test]
    fn values_are_hidden_to_their_end() {
        for text in [
            "DB_PASSWORD=one,two&three)four",
            "export DB_PASSWORD=one two;three",
            "  password: one,two",
            "3:\tpassword: one }two",
            "+PASSWORD=one`two",
            "Authorization: Digest username=\"one\", response=\"two\"",
            "> Authorization: Digest username=\"one\", response=\"two\"",
            "curl -H 'Authorization: Digest username=\"one\", response=\"two\"' host",
            "config.env: DB_PASSWORD=one,two&three)four",
            "mysql --password=one,two;three -u ada",
            "see the password: one,two",
            "password: <b>one</b>",
            "password=${A} password=two",
            "{\"api_keys\": [\"one\", \"t]wo\"], \"n\": 1}",
            "\"tokens\": [\n  \"one\",\n  \"two\"\n]",
            "tokens: [one, two]",
            "\"password\":\n  \"one\"",
            "password:\n  one two\nnext: 1",
            "api_keys:\n- one\n- two\nnext: 1",
            "a:\n  api_keys:\n    - one\n    - two\n  next: 1",
            "private_key: |\n  one\n\n  two\nnext: 1",
            "secret: >-\n  one: two\n",
            "{\"text\": \"A=1\\nDB_PASSWORD=one,two\\nnext=1\"}",
            "{\"text\": \"A=1\\nsecret: |\\n  one\\n\"}",
        ] {
            let hidden = hidden(text);
            let parts = ["one", "two", "three", "four"];
            assert!(
                !parts.iter().any(|it| hidden.contains(it)),
                "{text}: {hidden}"
            );
            assert!(
                !text.contains("next") || hidden.contains("next"),
                "{text}: {hidden}"
            );
        }
    }

    #[test]
    fn the_rest_stays() {
        let json = r#"{"user": "ada", "password": "a \" b", "n": 1}"#;
        let expected = r#"{"user": "ada", "password": "[redacted: password]", "n": 1}"#;
        assert_eq!(hidden(json), expected);
        let conn = hidden("host=db password=x1 user=ada");
        assert_eq!(conn, "host=db password=[redacted: password] user=ada");
        let url = hidden("GET https://h/?token=hunter2&x=1 (by ada)");
        assert_eq!(url, "GET https://h/?token=[redacted: token]&x=1 (by ada)");
        let flow = hidden("{user: ada, password: one,two, host: db}");
        assert_eq!(
            flow,
            "{user: ada, password: [redacted: password], host: db}"
        );
        let list = hidden("{\"api_keys\": [\"a1\", \"b2\"], \"n\": 1}");
        assert_eq!(list, "{\"api_keys\": [redacted: API key], \"n\": 1}");
        assert_eq!(hidden(&list), list, "once is enough");
        for text in [
            "password: String,",
            "secrets:\n  - name: a\n    at: b",
            "password:\nuser: ada",
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
        for sign in [
            "=",
            "\"",
            "password",
            "password=",
            "://:@",
            "\\\"",
            "token=<",
            "token:[",
            "token:\n ",
            "a token=,",
        ] {
            let text = sign.repeat(5_000);
            assert!(hidden(&text).len() < 20 * text.len());
        }
    }
}
