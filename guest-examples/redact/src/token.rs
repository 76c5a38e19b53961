//! Tokens that are known by how they begin.

use crate::span::Span;

/// How a kind of token looks: how it begins, and how many characters it has at least.
struct Look {
    begins: &'static str,
    least: usize,
    kind: &'static str,
}

const fn look(begins: &'static str, least: usize, kind: &'static str) -> Look {
    Look {
        begins,
        least,
        kind,
    }
}

/// The kinds. Shorter ones come after longer ones that begin alike.
const LOOKS: [Look; 29] = [
    look("sk_live_", 16, "API key"),
    look("sk_test_", 16, "API key"),
    look("rk_live_", 16, "API key"),
    look("whsec_", 20, "API key"),
    look("sk-", 20, "API key"),
    look("github_pat_", 30, "access token"),
    look("ghp_", 20, "access token"),
    look("gho_", 20, "access token"),
    look("ghu_", 20, "access token"),
    look("ghs_", 20, "access token"),
    look("ghr_", 20, "access token"),
    look("glpat-", 20, "access token"),
    look("xoxb-", 20, "access token"),
    look("xoxp-", 20, "access token"),
    look("xoxa-", 20, "access token"),
    look("xoxr-", 20, "access token"),
    look("xoxs-", 20, "access token"),
    look("xapp-", 20, "access token"),
    look("AKIA", 20, "access key"),
    look("ASIA", 20, "access key"),
    look("AIza", 35, "API key"),
    look("ya29.", 20, "access token"),
    look("npm_", 30, "access token"),
    look("pypi-", 30, "access token"),
    look("hf_", 20, "access token"),
    look("dop_v1_", 30, "access token"),
    look("SG.", 30, "API key"),
    look("AGE-SECRET-KEY-", 30, "private key"),
    look("eyJ", 30, "JSON web token"),
];

/// What a token is made of.
fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// The tokens of a text.
pub fn find(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut spans = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let begins_a_word = begins_a_word(bytes.get(..at).unwrap_or_default());
        let found = text.get(at..).filter(|_| begins_a_word).and_then(token);
        match found {
            Some((len, kind)) => {
                spans.push(Span {
                    at: at..at + len,
                    kind,
                });
                at += len;
            }
            None => at += 1,
        }
    }
    spans
}

/// Whether what comes after this begins a word. The letter of an escape is a part of none: `\\n`, and as JSON writes any character, `\\u000a`.
fn begins_a_word(before: &[u8]) -> bool {
    match before {
        [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f' | b'v' | b'0'] => true,
        [.., b'\\', b'u', a, b, c, d] if [a, b, c, d].iter().all(|it| it.is_ascii_hexdigit()) => {
            true
        }
        [.., last] => !is_part(*last),
        [] => true,
    }
}

/// The token that a text begins with: its length and what it is.
fn token(text: &str) -> Option<(usize, &'static str)> {
    let look = LOOKS.iter().find(|look| text.starts_with(look.begins))?;
    let has_dots = look.begins.ends_with('.') || look.begins == "eyJ";
    let part = |byte: &u8| is_part(*byte) || (has_dots && *byte == b'.');
    let len = text.bytes().take_while(|byte| part(byte)).count();
    let word = text.get(..len)?.trim_end_matches('.');
    // What comes after the beginning of a token is not all words.
    let is_random = word.bytes().any(|byte| byte.is_ascii_digit()) || word.len() >= 40;
    let is_right = match look.begins {
        "eyJ" => word.matches('.').count() >= 1,
        "AKIA" | "ASIA" => word
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()),
        _ => is_random,
    };
    (word.len() >= look.least && is_right).then_some((word.len(), look.kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::hide;

    fn hidden(text: &str) -> String {
        hide(text, &find(text))
    }

    #[test]
    fn tokens_are_known_by_how_they_begin() {
        for (token, kind) in [
            ("sk-proj-abcdefghijklmnop0123456789", "API key"),
            ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "access token"),
            ("glpat-0123456789abcdefghij", "access token"),
            ("AKIAIOSFODNN7EXAMPLE", "access key"),
            (
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                "JSON web token",
            ),
        ] {
            let text = format!("a {token}, b \"{token}\". {token}.");
            let mark = format!("[redacted: {kind}]");
            assert_eq!(hidden(&text), format!("a {mark}, b \"{mark}\". {mark}."));
        }
    }

    #[test]
    fn tokens_are_found_after_escapes() {
        let token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
        for before in ["keys:\\n", "\\t", "\\u000a", "\\u0022", "\\\\n"] {
            let text = format!("{before}{token}\\n");
            let expected = format!("{before}[redacted: access token]\\n");
            assert_eq!(hidden(&text), expected);
        }
        assert_eq!(hidden(&format!("n{token}")), format!("n{token}"));
    }

    #[test]
    fn words_that_only_begin_alike_stay() {
        for text in [
            "sk-short",
            "task-0123456789012345678901234567890",
            "npm_config_registry_of_the_repository",
            "AKIA and akiaiosfodnn7example",
            "eyJust a word",
            "sk-äöü",
        ] {
            assert_eq!(hidden(text), text);
        }
    }
}
