//! Cutting text.

/// The text, in at most about this many bytes. It is cut at the end of a line if the last half has one, so that what stands in a line (a key, a
/// number) is there whole or not at all; else between two characters. What was cut is said at the end.
pub(crate) fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let head = head(text, bytes);
    let kept = match head.rfind('\n') {
        Some(end) if end >= bytes / 2 => head.get(..=end).unwrap_or(head),
        _ => head,
    };
    let left = text.len() - kept.len();
    format!("{kept}\n[{left} bytes more were cut]")
}

/// The first bytes of a text, without half a character.
pub(crate) fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_whole() {
        assert_eq!(cut("short", 10), "short");
        assert_eq!(
            cut("one line\nanother", 12),
            "one line\n\n[7 bytes more were cut]"
        );
        assert_eq!(cut("no lines here", 5), "no li\n[8 bytes more were cut]");
        assert_eq!(head("äöü", 3), "ä");
    }
}
