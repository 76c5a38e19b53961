//! Blocks of private keys.

use crate::span::Span;

/// Blocks of private keys, as PEM and OpenPGP write them. One whose end is missing was cut, and goes to the end of the text.
pub fn find(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut from = 0;
    while let Some(begin) = find_from(text, "-----BEGIN ", from) {
        let label_at = begin + "-----BEGIN ".len();
        from = label_at;
        let Some(label) = label(text, label_at) else {
            continue;
        };
        let end_line = format!("-----END {label}-----");
        let end = find_from(text, &end_line, label_at).map(|end| end + end_line.len());
        let end = end.unwrap_or(text.len());
        spans.push(Span {
            at: begin..end,
            kind: "private key",
        });
        from = end;
    }
    spans
}

/// The label of a block that holds a private key.
fn label(text: &str, at: usize) -> Option<&str> {
    let rest = text.get(at..)?;
    // Where the line itself was cut there is no end of the label, nor anything of the key.
    let label = rest.get(..rest.find("-----")?)?;
    let is_label = label.len() <= 64 && !label.contains('\n');
    (is_label && label.contains("PRIVATE KEY")).then_some(label)
}

fn find_from(text: &str, what: &str, from: usize) -> Option<usize> {
    Some(text.get(from..)?.find(what)? + from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::hide;

    fn hidden(text: &str) -> String {
        hide(text, &find(text))
    }

    #[test]
    fn a_block_is_hidden_whole() {
        let key =
            "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----\nb";
        assert_eq!(hidden(key), "a\n[redacted: private key]\nb");
        let pgp = "-----BEGIN PGP PRIVATE KEY BLOCK-----\nxyz\n-----END PGP PRIVATE KEY BLOCK-----";
        assert_eq!(
            hidden(&format!("{pgp}{key}")).matches("redacted").count(),
            2
        );
    }

    #[test]
    fn a_block_that_was_cut_is_hidden_to_the_end() {
        let cut = "-----BEGIN PRIVATE KEY-----\nMIIE\nabc";
        assert_eq!(hidden(cut), "[redacted: private key]");
    }

    #[test]
    fn public_keys_stay() {
        let public = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----";
        assert_eq!(hidden(public), public);
        assert_eq!(hidden("-----BEGIN "), "-----BEGIN ");
    }
}
