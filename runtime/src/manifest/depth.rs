//! How deep a TOML text nests, found without building anything.
//!
//! The TOML parser bounds brackets and dotted keys one by one, but 79 brackets of 79 dotted keys each are a tree of
//! 6,000 levels, and walking or even dropping such a tree overflows a thread's stack. So the text is measured first.

/// The deepest tree that a manifest may have. Hand-written ones have about five levels.
pub(super) const MAX_DEPTH: usize = 64;

/// The offset at which the text nests deeper than [`MAX_DEPTH`], if it does. It may count a level too many, never one
/// too few.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut levels = Levels::default();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b'#' => skip_line(bytes, at),
            b'"' | b'\'' => skip_string(bytes, at, byte),
            _ => {
                levels.meet(byte);
                if levels.depth > MAX_DEPTH {
                    return Some(at);
                }
                at + 1
            }
        };
    }
    None
}

/// The level of the scan: every bracket and every dot of a key goes one deeper.
#[derive(Default)]
struct Levels {
    depth: usize,
    /// The depth to return to at the end of the entry, for each open bracket.
    open: Vec<usize>,
}

impl Levels {
    fn meet(&mut self, byte: u8) {
        match byte {
            b'.' => self.depth += 1,
            b'[' | b'{' => {
                self.depth += 1;
                self.open.push(self.depth);
            }
            b']' | b'}' => {
                self.depth = self.open.pop().map_or(self.depth, |level| level - 1);
            }
            b',' => self.depth = self.open.last().copied().unwrap_or(self.depth),
            b'\n' if self.open.is_empty() => self.depth = 0,
            _ => {}
        }
    }
}

fn skip_line(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(rest.len())
}

/// The offset after the string that starts at `from`, or after what the parser takes for one.
fn skip_string(bytes: &[u8], from: usize, quote: u8) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let long = rest.starts_with(&[quote; 3]);
    let mut at = if long { 3 } else { 1 };
    while let Some(&byte) = rest.get(at) {
        let closes = if long {
            rest.get(at..).unwrap_or_default().starts_with(&[quote; 3])
        } else {
            byte == quote
        };
        if closes {
            return from + at + if long { 3 } else { 1 };
        }
        if byte == b'\n' && !long {
            return from + at;
        }
        at += if byte == b'\\' && quote == b'"' { 2 } else { 1 };
    }
    bytes.len()
}
