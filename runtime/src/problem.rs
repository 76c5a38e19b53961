//! A problem found in what a plugin's author handed in: what is wrong, where, and how to mend it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place in a text file. Lines and columns count from 1; columns count characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    /// The file's name as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl Location {
    /// The place of the byte `offset` in `text`. An offset beyond the text is its end.
    pub fn of_offset(file: &str, text: &str, offset: usize) -> Self {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = text.get(..end).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count();
        let line = before.bytes().filter(|byte| *byte == b'\n').count();
        Self {
            file: file.to_owned(),
            line: u32::try_from(line + 1).unwrap_or(u32::MAX),
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Whether a problem refuses the plugin.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; the plugin may run.
    Warning,
    /// The plugin is refused.
    Error,
}

/// One thing that is wrong with a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    /// A stable kebab-case name for programs, for example `unknown-key`.
    pub code: &'static str,
    /// What is wrong, naming the thing.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where it is, if it has a place in a text.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Whether it refuses the plugin.
    pub severity: Severity,
}

impl Problem {
    /// A problem that refuses the plugin.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            location: None,
            severity: Severity::Error,
        }
    }

    /// A problem that does not refuse the plugin.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// The same problem with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same problem with the known word that `word` was probably meant to be, or with all of them.
    #[must_use]
    pub(crate) fn suggest(self, word: &str, known: &[&str]) -> Self {
        let distance = |candidate: &&&str| strsim::damerau_levenshtein(word, candidate);
        // The distance takes time and memory in the product of the lengths.
        let near = known
            .iter()
            .filter(|_| word.len() <= 64)
            .min_by_key(distance)
            .filter(|nearest| distance(nearest) <= 2.max(nearest.len() / 3));
        match near {
            Some(nearest) => self.hint(format!("did you mean `{nearest}`?")),
            None if known.is_empty() => self.hint("remove it: this table has no keys"),
            None => self.hint(format!("known here: {}", known.join(", "))),
        }
    }

    /// The same problem with its place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// Whether it refuses the plugin.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        write!(f, "{}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}
