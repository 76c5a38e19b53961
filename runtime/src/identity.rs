//! Who a plugin is, and which call of it is meant.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::manifest::PluginId;
use crate::package::Digest;

/// A plugin's id, version and bytes. What a receipt, a log record and a change of state are tagged with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The plugin's id.
    pub plugin: PluginId,
    /// Its version.
    pub version: semver::Version,
    /// The sha-256 of its component.
    pub digest: Digest,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.plugin, self.version)
    }
}

/// The id of a call: unique over processes, and ordered by the calls' starts within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId {
    process: u64,
    sequence: u64,
}

impl CallId {
    /// The next id of this process.
    pub fn next() -> Self {
        static SEQUENCE: AtomicU64 = AtomicU64::new(1);
        Self::of_sequence(SEQUENCE.fetch_add(1, Ordering::Relaxed))
    }

    /// The call of this process with this number.
    pub(crate) fn of_sequence(sequence: u64) -> Self {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        Self {
            process: *PROCESS.get_or_init(start_of_process),
            sequence,
        }
    }

    /// The call's number within its process.
    pub(crate) fn sequence(self) -> u64 {
        self.sequence
    }
}

/// Microseconds since 1970, then the low bits of the process id, so that two processes that start together differ.
fn start_of_process() -> u64 {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let micros = u64::try_from(since_1970.as_micros()).unwrap_or(0);
    (micros << 12) | u64::from(std::process::id() & 0xfff)
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{:012x}", self.process, self.sequence)
    }
}

/// The text is not a call id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a call id: two hexadecimal numbers joined by a hyphen")]
pub struct CallIdError(String);

impl FromStr for CallId {
    type Err = CallIdError;

    fn from_str(text: &str) -> Result<Self, CallIdError> {
        let parse = |digits: &str| u64::from_str_radix(digits, 16).ok();
        text.split_once('-')
            .and_then(|(process, sequence)| {
                Some(Self {
                    process: parse(process)?,
                    sequence: parse(sequence)?,
                })
            })
            .ok_or_else(|| CallIdError(text.to_owned()))
    }
}

impl Serialize for CallId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CallId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves the receipt's id: unique, ordered, and readable back.
    #[test]
    fn ids_are_ordered_and_round_trip() {
        let (first, second) = (CallId::next(), CallId::next());
        assert!(first < second);
        assert!(first.to_string() < second.to_string());
        assert_eq!(first.to_string().parse(), Ok(first));
        assert!("x".parse::<CallId>().is_err());
    }
}
