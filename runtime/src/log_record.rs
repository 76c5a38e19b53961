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

/// The text as a part of one line: each [hidden](is_hidden) character is written as an escape. At most `limit` bytes of the original are
/// kept. What is escaped stays as it is: to escape twice does no harm.
pub fn escape(text: &str, limit: usize) -> String {
    escape_if(text, limit, is_hidden)
}

/// Like [`escape`], and a backslash becomes two: what was escaped and what was written so are two texts in a log, too. For where a
/// plugin's text leaves the plugin, and nowhere else.
pub fn escape_whole(text: &str, limit: usize) -> String {
    escape_if(text, limit, |c| c == '\\' || is_hidden(c))
}

fn escape_if(text: &str, limit: usize, is_bad: impl Fn(char) -> bool) -> String {
    let kept = text
        .get(..text.floor_char_boundary(limit))
        .unwrap_or_default();
    let mut escaped = String::with_capacity(kept.len());
    for c in kept.chars() {
        if is_bad(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Whether a character is invisible, ends a line, or changes how its neighbours are shown: with these a text means another than it shows, in
/// a log, on a consent screen and in a name. They are the control characters, line and paragraph separators, and what Unicode calls
/// ignorable by default (bidirectional controls, zero-width spaces, tags), but for joiners and variation selectors: Persian, Hindi, Japanese and
/// emoji need them.
pub fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180e}'
            | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
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

    /// Proves C7: what cannot be seen is shown, and what people write with is left alone.
    #[test]
    fn what_is_invisible_is_shown() {
        for hidden in [
            '\u{85}',
            '\u{ad}',
            '\u{200b}',
            '\u{2060}',
            '\u{3164}',
            '\u{feff}',
            '\u{fff9}',
            '\u{e0041}',
        ] {
            let shown = escape(&format!("a{hidden}b"), 100);
            assert_eq!(shown, format!("a{}b", hidden.escape_default()));
        }
        for text in [
            "\u{645}\u{200c}\u{6cc}",
            "\u{1f469}\u{200d}\u{1f680}",
            "\u{2764}\u{fe0f}",
            "e\u{301}",
        ] {
            assert_eq!(escape_whole(text, 100), text);
        }
    }

    /// Proves C7: two texts never become one, and what is escaped already stays as it is where it is shown.
    #[test]
    fn what_was_escaped_can_be_told_from_what_was_written() {
        let (escaped, written) = (escape_whole("a\n", 9), escape_whole("a\\n", 9));
        assert_eq!((escaped.as_str(), written.as_str()), ("a\\n", "a\\\\n"));
        assert_eq!(
            [escape(&escaped, 9), escape(&written, 9)],
            [escaped, written]
        );
    }
}
