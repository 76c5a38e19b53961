//! How deep JSON is nested: what is too deep could be written and never be read again.

/// The deepest that a document may be. The reader gives up at 128; a call's value stands at most four levels down in its document.
pub(crate) const DOCUMENT_LEVELS: usize = 120;
/// The deepest that a call's change may be.
pub(crate) const CHANGE_LEVELS: usize = 100;

/// Whether a JSON text nests at most this many lists and objects.
pub(crate) fn fits(text: &str, levels: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > levels {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_nesting_counts() {
        assert!(fits("[[],[],{}]", 2));
        assert!(!fits("[[],[{}]]", 2));
        assert!(fits(r#"["[[[\"[[[", {"{{{": 1}]"#, 2));
    }
}
