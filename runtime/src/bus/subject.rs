//! Subjects of events, and patterns over them: those of NATS (<https://docs.nats.io/nats-concepts/subjects>), and no wider.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::log_record::{escape, is_hidden};

/// The longest subject, in bytes.
pub const MAX_SUBJECT: usize = 256;

/// The most tokens of a subject.
pub const MAX_TOKENS: usize = 16;

/// Why a text is no subject, or no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}: {why}")]
pub struct SubjectError {
    text: String,
    what: &'static str,
    why: &'static str,
}

/// What an event is about: one to sixteen tokens with dots between them, at most 256 bytes, for example `chat.message.lobby`. A token is
/// of any characters but blanks, control characters, `.`, `*` and `>`. Compared byte by byte: no case folding, no normalisation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventSubject(Arc<str>);

/// Which events are meant: a subject in which the token `*` stands for any one token, and a last token `>` for one or more. So `chat.*`
/// matches `chat.lobby` and not `chat.lobby.new`, and `chat.>` matches both and not `chat`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct SubjectPattern(Arc<str>);

impl EventSubject {
    /// A subject from its text.
    ///
    /// # Errors
    /// The text breaks a rule.
    pub fn new(text: &str) -> Result<Self, SubjectError> {
        check(text, "subject", |_, token| {
            match token.contains(['*', '>']) {
                true => Err("`*` and `>` are for patterns"),
                false => Ok(()),
            }
        })?;
        Ok(Self(text.into()))
    }

    /// Where the reply to a request goes. The number is one that nobody can guess.
    pub(crate) fn inbox(id: u128) -> Self {
        Self(format!("_INBOX.{id:032x}").into())
    }

    /// Whether it is one of the bus's own: its first token begins with `_`.
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with('_')
    }

    /// The plugin that answers requests with this subject, and nobody else but the host: the second token, if the first one is `plugin`.
    pub fn owner(&self) -> Option<&str> {
        self.0.strip_prefix("plugin.")?.split('.').next()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SubjectPattern {
    /// A pattern from its text.
    ///
    /// # Errors
    /// The text breaks a rule.
    pub fn new(text: &str) -> Result<Self, SubjectError> {
        check(text, "pattern", |is_last, token| match token {
            "*" => Ok(()),
            ">" if is_last => Ok(()),
            ">" => Err("`>` stands only at the end"),
            token if token.contains(['*', '>']) => Err("`*` and `>` are tokens of their own"),
            _ => Ok(()),
        })?;
        Ok(Self(text.into()))
    }

    /// Every subject.
    pub fn any() -> Self {
        Self(">".into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is about the bus's own subjects.
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with('_')
    }

    /// Whether it matches a subject whose [owner](EventSubject::owner) is another plugin than this one.
    pub fn is_over_others(&self, plugin: &str) -> bool {
        let mut tokens = self.0.split('.');
        match tokens.next() {
            Some(">") => true,
            Some("*" | "plugin") => tokens.next().is_some_and(|id| id != plugin),
            _ => false,
        }
    }

    /// Whether the pattern matches the subject.
    pub fn matches(&self, subject: &EventSubject) -> bool {
        self.is_over(&subject.0)
    }

    /// Whether every subject that the other pattern matches is one that this pattern matches.
    pub fn covers(&self, other: &Self) -> bool {
        self.is_over(&other.0)
    }

    /// The other side's `*` and `>` are tokens like others here, but one: only `>` is over `>`, and `>` stands last on both sides.
    fn is_over(&self, other: &str) -> bool {
        let mut theirs = other.split('.');
        for own in self.0.split('.') {
            match (own, theirs.next()) {
                (">", Some(_)) => return true,
                ("*", Some(token)) if token != ">" => {}
                (own, Some(token)) if own == token => {}
                _ => return false,
            }
        }
        theirs.next().is_none()
    }
}

/// The rules that hold for subjects and patterns, and one for each token.
fn check(
    text: &str,
    what: &'static str,
    rule: impl Fn(bool, &str) -> Result<(), &'static str>,
) -> Result<(), SubjectError> {
    let wrong = |why| {
        let text = escape(text, MAX_SUBJECT);
        Err(SubjectError { text, what, why })
    };
    if text.len() > MAX_SUBJECT {
        return wrong("it has more than 256 bytes");
    }
    let count = text.split('.').count();
    if count > MAX_TOKENS {
        return wrong("it has more than 16 tokens");
    }
    for (place, token) in text.split('.').enumerate() {
        let is_bad = |c: char| c.is_whitespace() || is_hidden(c);
        if token.is_empty() {
            return wrong("a token is empty");
        }
        if token.chars().any(is_bad) {
            return wrong("blanks, control characters and such as reorder text are not allowed");
        }
        if let Err(why) = rule(place + 1 == count, token) {
            return wrong(why);
        }
    }
    Ok(())
}

macro_rules! text {
    ($type:ident) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $type {
            type Err = SubjectError;

            fn from_str(text: &str) -> Result<Self, SubjectError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $type {
            type Error = SubjectError;

            fn try_from(text: String) -> Result<Self, SubjectError> {
                Self::new(&text)
            }
        }

        impl From<$type> for String {
            fn from(text: $type) -> String {
                text.0.as_ref().to_owned()
            }
        }
    };
}

text!(EventSubject);
text!(SubjectPattern);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn matches(pattern: &str, subject: &str) -> bool {
        let subject = EventSubject::new(subject).unwrap();
        SubjectPattern::new(pattern).unwrap().matches(&subject)
    }

    /// Proves E9: one token, the rest, and nothing else.
    #[test]
    fn stars_and_rests() {
        for (pattern, subject) in [
            ("a.b", "a.b"),
            ("a.*", "a.b"),
            ("*.b", "a.b"),
            ("a.>", "a.b"),
            ("a.>", "a.b.c"),
            (">", "a"),
            ("*.>", "a.b"),
            ("a.*.c", "a.b.c"),
        ] {
            assert!(matches(pattern, subject), "{pattern} {subject}");
        }
        for (pattern, subject) in [
            ("a.b", "a.B"),
            ("a.b", "a"),
            ("a.b", "a.b.c"),
            ("a.*", "a"),
            ("a.*", "a.b.c"),
            ("a.>", "a"),
            ("a.>", "ab.c"),
            ("*", "a.b"),
            ("*.>", "a"),
        ] {
            assert!(!matches(pattern, subject), "{pattern} {subject}");
        }
    }

    /// Proves E9: what is a plugin's own, and which patterns reach what is others'.
    #[test]
    fn owners() {
        let owner = |subject: &str| {
            EventSubject::new(subject)
                .unwrap()
                .owner()
                .map(str::to_owned)
        };
        assert_eq!(owner("plugin.bard.asked").as_deref(), Some("bard"));
        assert_eq!(owner("plugin.bard").as_deref(), Some("bard"));
        assert_eq!((owner("plugin"), owner("plugins.bard.asked")), (None, None));
        for (pattern, is_over) in [
            (">", true),
            ("*.>", true),
            ("plugin.>", true),
            ("plugin.*.asked", true),
            ("*.bards.asked", true),
            ("plugin.bards.asked", true),
            ("plugin.bard.>", false),
            ("*.bard.>", false),
            ("plugin", false),
            ("*", false),
            ("chat.>", false),
        ] {
            let pattern = SubjectPattern::new(pattern).unwrap();
            assert_eq!(pattern.is_over_others("bard"), is_over, "{pattern}");
        }
    }

    /// Proves E9: what is no subject is told so.
    #[test]
    fn the_rules() {
        let long = "x".repeat(257);
        let many = ["t"; 17].join(".");
        for bad in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a b",
            "a\tb",
            "a\u{0}",
            "a\u{202e}b",
            "a\u{a0}b",
            &long,
            &many,
        ] {
            assert!(EventSubject::new(bad).is_err(), "{bad:?}");
            assert!(SubjectPattern::new(bad).is_err(), "{bad:?}");
        }
        for bad in ["a.*", ">", "a*"] {
            assert!(EventSubject::new(bad).is_err(), "{bad:?}");
        }
        for bad in ["a*", "a.>.b", ">>", "a.b>"] {
            assert!(SubjectPattern::new(bad).is_err(), "{bad:?}");
        }
        assert!(EventSubject::new("chat.Übung.a-b_c:1").is_ok());
    }

    /// Proves E9: a scope covers a pattern only with all that it matches.
    #[test]
    fn a_pattern_covers_narrower_ones() {
        let covers = |wide: &str, narrow: &str| {
            let narrow = SubjectPattern::new(narrow).unwrap();
            SubjectPattern::new(wide).unwrap().covers(&narrow)
        };
        for (wide, narrow) in [
            (">", ">"),
            (">", "a.*"),
            ("a.>", "a.b.>"),
            ("a.>", "a.>"),
            ("a.*", "a.*"),
            ("a.*", "a.b"),
            ("a.>", "a.*.c"),
            ("*.>", "a.>"),
        ] {
            assert!(covers(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [
            ("a.*", "a.>"),
            ("a.b", "a.*"),
            ("*", ">"),
            ("a.*", ">"),
            ("a.>", ">"),
            ("a.>", "*.b"),
            ("*.>", ">"),
        ] {
            assert!(!covers(wide, narrow), "{wide} {narrow}");
        }
    }
}
