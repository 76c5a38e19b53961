//! Patterns and keys of scopes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::log_record::is_hidden;

/// The longest key, in bytes.
pub(crate) const MAX_KEY: usize = 128;

/// A name, or the beginning of names when it ends in `*`. `*` alone matches every name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Every name.
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    /// Whether the pattern allows the name. Compared byte by byte: no case folding, no normalisation.
    pub fn matches(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => self.0 == name,
        }
    }

    /// Whether the pattern allows every name that begins so.
    pub fn covers(&self, beginning: &str) -> bool {
        self.0.ends_with('*') && self.matches(beginning)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with a key that a plugin names, if anything: 1 to 128 bytes, none of the [hidden](is_hidden)
/// characters, which make two keys look like one.
pub fn check_key(argument: &str, key: &str) -> Result<(), String> {
    check_name(argument, key, MAX_KEY)
}

/// Like [`check_key`], for names of up to `max` bytes.
pub(crate) fn check_name(argument: &str, key: &str, max: usize) -> Result<(), String> {
    if key.is_empty() || key.len() > max {
        return Err(format!(
            "{argument}: must have 1 to {max} bytes, has {}",
            key.len()
        ));
    }
    if key.chars().any(is_hidden) {
        return Err(format!("{argument}: must not hold control characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_only_at_the_end() {
        assert!(Pattern::new("weather.*").matches("weather.rain"));
        assert!(!Pattern::new("weather.*").matches("weather"));
        assert!(!Pattern::new("we*er").matches("weather"));
        assert!(Pattern::any().matches(""));
        assert!(Pattern::new("a").matches("a") && !Pattern::new("a").matches("A"));
    }

    #[test]
    fn a_pattern_covers_a_beginning_if_it_allows_all_that_follows() {
        assert!(Pattern::new("npc/*").covers("npc/ada/"));
        assert!(Pattern::new("npc/*").covers("npc/"));
        assert!(!Pattern::new("npc/*").covers("npc"));
        assert!(!Pattern::new("npc/ada").covers("npc/ada"));
        assert!(Pattern::any().covers(""));
    }

    #[test]
    fn keys_are_short_and_printable() {
        assert!(check_key("key", "disguise/player-1").is_ok());
        for bad in ["", "a\nb", "a\u{202e}b", &"x".repeat(129)] {
            assert!(check_key("key", bad).is_err(), "{bad:?}");
        }
    }
}
