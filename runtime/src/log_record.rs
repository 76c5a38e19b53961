//! A log record of a plugin, as a host's log receives it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::identity::{CallId, Identity};

/// How much a record matters.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// What happened.
    Info,
    /// What may need a look.
    Warn,
    /// What went wrong.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        })
    }
}

/// Where a record came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The capability `log`.
    Log,
    /// A line of standard output.
    Stdout,
    /// A line of standard error.
    Stderr,
}

/// One record. All text in it is escaped: one record is one line, whatever a plugin puts into it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogRecord {
    /// The plugin.
    pub plugin: Arc<Identity>,
    /// The call.
    pub call: CallId,
    /// Where the record came from.
    pub source: Source,
    /// How much it matters.
    pub level: Level,
    /// The message.
    pub message: String,
    /// Structured fields.
    pub fields: Vec<(String, String)>,
}

/// Control characters (newlines and ANSI among them) and characters that change the direction of text, written as escapes;
/// at most `limit` bytes of the original are kept.
pub fn escape(text: &str, limit: usize) -> String {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept = text.get(..end).unwrap_or_default();
    let mut escaped = String::with_capacity(kept.len());
    for c in kept.chars() {
        if c.is_control() || reorders_text(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Whether the character changes how the text around it is shown: bidi controls, line and paragraph separators.
pub fn reorders_text(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves C7: a record stays one line, whatever is in it.
    #[test]
    fn nothing_breaks_out_of_a_line() {
        assert_eq!(
            escape("a\nb\u{1b}[31m\u{202e}", 100),
            "a\\nb\\u{1b}[31m\\u{202e}"
        );
        assert_eq!(escape("äöü", 3), "ä");
    }
}
