//! Where something stands in a JSON text, for messages.

use portcullis::problem::Location;

/// A step into a JSON value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// The value of a key.
    Key(&'a str),
    /// The element of a list.
    At(usize),
}

/// The place of the value at a path. The text must be valid JSON. If the path leads nowhere, the place of the innermost value on the way
/// that is there.
pub(crate) fn place_of(file: &str, text: &str, path: &[Step<'_>]) -> Location {
    let mut cursor = Cursor {
        text: text.as_bytes(),
        at: 0,
    };
    cursor.blank();
    let mut found = cursor.at;
    for step in path {
        if !cursor.enter(*step) {
            break;
        }
        found = cursor.at;
    }
    Location::of_offset(file, text, found)
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn byte(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blank(&mut self) {
        while self
            .byte()
            .is_some_and(|byte| byte.is_ascii_whitespace() || byte == b',' || byte == b':')
        {
            self.at += 1;
        }
    }

    /// From the beginning of a value to the beginning of the one inside it; false if there is none.
    fn enter(&mut self, step: Step<'_>) -> bool {
        match (self.byte(), step) {
            (Some(b'{'), Step::Key(key)) => self.enter_key(key),
            (Some(b'['), Step::At(index)) => self.enter_element(index),
            _ => false,
        }
    }

    fn enter_key(&mut self, wanted: &str) -> bool {
        self.at += 1;
        loop {
            self.blank();
            if self.byte() != Some(b'"') {
                return false;
            }
            let start = self.at;
            self.skip_string();
            let key = self.text.get(start..self.at).unwrap_or_default();
            self.blank();
            if serde_json::from_slice::<String>(key).is_ok_and(|key| key == wanted) {
                return true;
            }
            self.skip_value();
        }
    }

    fn enter_element(&mut self, index: usize) -> bool {
        self.at += 1;
        self.blank();
        for _ in 0..index {
            if self.byte().is_none_or(|byte| byte == b']') {
                return false;
            }
            self.skip_value();
            self.blank();
        }
        self.byte().is_some_and(|byte| byte != b']')
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.byte() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'"' => return,
                _ => {}
            }
        }
    }

    /// Past a value of any kind.
    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.byte() {
            match byte {
                b'"' => self.skip_string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                _ if depth == 0 => {
                    self.skip_scalar();
                    return;
                }
                _ => self.at += 1,
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn skip_scalar(&mut self) {
        while self
            .byte()
            .is_some_and(|byte| !matches!(byte, b',' | b'}' | b']') && !byte.is_ascii_whitespace())
        {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_where_they_stand() {
        let text =
            "{\n \"a\": [1, \"x]\\\"\",\n  {\"b\": true,\n\"c\": {}}],\n \"d\\u0065\": null}";
        let a = Step::Key("a");
        let at = |path: &[Step<'_>]| {
            let place = place_of("file", text, path);
            (place.line, place.column)
        };
        assert_eq!(at(&[]), (1, 1));
        assert_eq!(at(&[a]), (2, 7));
        assert_eq!(at(&[a, Step::At(1)]), (2, 11));
        assert_eq!(at(&[a, Step::At(2)]), (3, 3));
        assert_eq!(at(&[a, Step::At(2), Step::Key("c")]), (4, 6));
        assert_eq!(at(&[Step::Key("de")]), (5, 13));
        assert_eq!(at(&[a, Step::At(9)]), (2, 7));
        assert_eq!(at(&[Step::Key("none")]), (1, 1));
    }
}
