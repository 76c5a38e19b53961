//! Text without what a terminal or a chat network would take for something else.

use portcullis::log_record::is_hidden;

/// The text without control characters and such as reorder text; line breaks and tabs stay, one kind of line break for all, and no blanks at the ends.
pub(crate) fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let is_kept = |c: &char| matches!(c, '\n' | '\t') || !is_hidden(*c);
    let kept: String = text.chars().filter(is_kept).collect();
    kept.trim().to_owned()
}

/// The text in pieces of at most `chars` characters each, at most `pieces` of them. Breaks at the end of a line, or else at a blank, if there is one in the second
/// half of a piece; what does not fit is cut, and the last piece says so.
pub(crate) fn pieces(text: &str, chars: usize, pieces: usize) -> Vec<String> {
    const CUT: &str = " [...]";
    let chars = chars.max(CUT.len() + 1);
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (piece, after) = split(rest, chars);
        if found.len() + 1 >= pieces.max(1) && !after.is_empty() {
            let (piece, _) = split(rest, chars - CUT.len());
            found.push(format!("{piece}{CUT}"));
            break;
        }
        found.push(piece.to_owned());
        rest = after;
    }
    found
}

/// The first piece, and what follows it.
fn split(text: &str, chars: usize) -> (&str, &str) {
    let Some((end, _)) = text.char_indices().nth(chars) else {
        return (text, "");
    };
    let head = text.get(..end).unwrap_or(text);
    let late = |at: &usize| *at > end / 2;
    let at = head.rfind('\n').filter(late);
    let at = at.or_else(|| head.rfind(' ').filter(late)).unwrap_or(end);
    let (piece, after) = text.split_at(at);
    (piece.trim_end(), after.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves E10: what a terminal would act on is not there.
    #[test]
    fn text_is_clean() {
        assert_eq!(
            clean(" a\u{1b}[31m\0b\u{202e}c\r\nd\te\r\n"),
            "a[31mbc\nd\te"
        );
        assert_eq!(clean("\u{7}\u{200f} "), "");
    }

    /// Proves E10: long text comes in pieces, cut where it reads well, and there is an end to them.
    #[test]
    fn text_in_pieces() {
        assert_eq!(pieces("", 10, 3), Vec::<String>::new());
        assert_eq!(pieces("one two three", 10, 3), ["one two", "three"]);
        assert_eq!(pieces("one two\nthree", 10, 3), ["one two", "three"]);
        assert_eq!(
            pieces(&"\u{e9}".repeat(25), 10, 3),
            ["\u{e9}".repeat(10), "\u{e9}".repeat(10), "\u{e9}".repeat(5)]
        );
        assert_eq!(
            pieces(&"x".repeat(25), 10, 2),
            ["x".repeat(10), "xxxx [...]".to_owned()]
        );
        assert_eq!(pieces("abc", 0, 0), ["abc"]);
    }
}
