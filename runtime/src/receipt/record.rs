//! The receipt itself.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Blame, Outcome};
use crate::identity::{CallId, Identity};
use crate::log_record::escape;
use crate::subject::Subject;

/// A longer name of an operation is cut here where it is shown, in bytes.
const MAX_OPERATION: usize = 256;

/// Something that a plugin asked for and was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// The permission that would allow it, or that was too narrow.
    pub permission: String,
    /// What was asked: the operation and its argument.
    pub asked: String,
    /// Why it was refused: `not granted`, `revoked`, or the scope that left it out.
    pub why: String,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} needs {} ({})", self.asked, self.permission, self.why)
    }
}

/// How often a call used a capability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomCalls {
    /// The capability's id.
    pub capability: Cow<'static, str>,
    /// The number of its calls.
    pub calls: u64,
}

/// What became of a call's changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Commit {
    /// The call changed nothing.
    #[default]
    None,
    /// The changes are in the host's store.
    Committed {
        /// How many.
        writes: usize,
    },
    /// The call failed, so its changes were thrown away.
    Discarded {
        /// How many.
        writes: usize,
    },
    /// The store refused them: other calls kept changing what this one read or took the room in the key-value store's quota, or the store
    /// failed.
    Refused {
        /// How many.
        writes: usize,
    },
    /// The store panicked or did not answer, or the runtime was shut down before it did; the changes may be there or not, but never in part.
    Unknown {
        /// How many.
        writes: usize,
    },
}

/// What is known of a call when it has ended, over all of its attempts. Times are in nanoseconds, sizes in bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The call's id: unique, and ordered by the calls' starts.
    pub id: CallId,
    /// The plugin.
    #[serde(flatten)]
    pub plugin: Arc<Identity>,
    /// The extension that was called.
    pub extension: Cow<'static, str>,
    /// The function that was called.
    pub operation: Arc<str>,
    /// Whom the call was about.
    pub subject: Subject,
    /// How it ended.
    pub outcome: Outcome,
    /// Whose doing a failure was.
    pub blame: Option<Blame>,
    /// What to know about a failure, in one line without line breaks.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// Wall time from the request to the end, commit included.
    #[serde(rename = "duration_ns", with = "nanoseconds")]
    pub duration: Duration,
    /// The fuel used, where it was metered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fuel: Option<u64>,
    /// The most linear memory that an instance of the call has had.
    pub peak_memory_bytes: u64,
    /// The capabilities that were used.
    pub room_calls: Vec<RoomCalls>,
    /// What was refused, at most 64 of them.
    pub denials: Vec<Denial>,
    /// How many more were refused.
    pub more_denials: u64,
    /// Log records that were dropped because the budget was used up.
    pub dropped_log_records: u64,
    /// What became of the call's changes.
    pub commit: Commit,
    /// How many events it emitted. A call that failed emitted none.
    #[serde(default)]
    pub emitted: usize,
    /// How many events the bus did not take, after the changes were committed.
    #[serde(default)]
    pub lost_events: usize,
    /// How often the call ran: more than once after a conflict with another call's commit.
    pub attempts: u32,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = escape(&self.operation, MAX_OPERATION);
        write!(
            f,
            "{} {} {}/{operation} [{}] {}",
            self.id, self.plugin, self.extension, self.subject, self.outcome
        )?;
        if let Some(blame) = self.blame {
            write!(f, " blame={blame}")?;
        }
        write!(
            f,
            " in {:?}, memory {} KiB",
            self.duration,
            self.peak_memory_bytes / 1024
        )?;
        if let Some(fuel) = self.fuel {
            write!(f, ", fuel {fuel}")?;
        }
        match self.commit {
            Commit::None => {}
            Commit::Committed { writes } => write!(f, ", {writes} changes committed")?,
            Commit::Discarded { writes } => write!(f, ", {writes} changes discarded")?,
            Commit::Refused { writes } => write!(f, ", {writes} changes refused")?,
            Commit::Unknown { writes } => write!(f, ", {writes} changes in an unknown state")?,
        }
        if self.emitted > 0 {
            write!(f, ", {} events emitted", self.emitted)?;
        }
        if self.lost_events > 0 {
            write!(f, ", {} events lost", self.lost_events)?;
        }
        if let Some(denial) = self.denials.first() {
            let more = self
                .more_denials
                .saturating_add(self.denials.len() as u64 - 1);
            write!(f, ", denied: {denial}")?;
            if more > 0 {
                write!(f, " and {more} more")?;
            }
        }
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

/// What a call leaves behind: its record, and the reply if there is one. Never a bare error.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use = "a receipt tells whether the call returned"]
pub struct Receipt<R = ()> {
    /// What is known of the call.
    #[serde(flatten)]
    pub record: Box<Record>,
    /// The plugin's reply; present exactly if the outcome is [`Outcome::Returned`].
    pub reply: Option<R>,
}

impl<R> Deref for Receipt<R> {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

impl<R> fmt::Display for Receipt<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.record.fmt(f)
    }
}

pub(super) mod nanoseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::receipt) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }

    pub(in crate::receipt) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_nanos)
    }
}
