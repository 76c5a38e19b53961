//! What one call wants to change, collected while it runs and committed as a whole or not at all.

mod change;
mod document;
mod relationship;
mod value;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use change::{Change, GenerationRequest};
pub use document::{Document, Version};
pub use relationship::Relationship;
pub(crate) use value::{Texts, count_values, parse_value};

use crate::identity::{CallId, Identity};
use crate::subject::Subject;

/// A change and the document that it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// The document.
    pub document: Document,
    /// What changes in it.
    #[serde(flatten)]
    pub change: Change,
}

/// All that a call wants to change, with the versions of what it read. The order of the writes is the order of the calls that made them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WriteSet {
    /// The call.
    pub call: CallId,
    /// The plugin.
    pub plugin: Arc<Identity>,
    /// Whom the call was about.
    pub subject: Subject,
    /// The documents that the call read, with the versions that it saw. Commit only if none has another version now.
    #[serde(with = "pairs")]
    pub reads: BTreeMap<Document, Version>,
    /// The changes.
    pub writes: Vec<Write>,
    /// What the plugin's key-value store may hold once they are made.
    pub kv_quota: KvQuota,
}

/// What a plugin's key-value store may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvQuota {
    /// Keys, and values as JSON text, in bytes.
    pub bytes: u64,
    /// The number of keys.
    pub keys: u64,
}

/// What came of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommitError {
    /// A document that the call read has changed since. Nothing was written; the call may run again.
    Conflict,
    /// What the plugin stores would exceed a bound: the quota of its key-value store, or one that the store sets. Nothing was written.
    OverQuota,
    /// The store failed. Nothing was written.
    Failed,
}

/// JSON has only text for keys, so the reads travel as a list of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Document, Version};

    pub(super) fn serialize<S: Serializer>(
        reads: &BTreeMap<Document, Version>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        reads.iter().collect::<Vec<_>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Document, Version>, D::Error> {
        Ok(Vec::<(Document, Version)>::deserialize(deserializer)?
            .into_iter()
            .collect())
    }
}
