//! What one call wants to change, collected while it runs and committed as a whole or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::identity::{CallId, Identity};
use crate::manifest::PluginId;
use crate::subject::Subject;

/// A document of the host's state that carries a version. Reading it in a call makes the call's commit depend on that version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[non_exhaustive]
pub enum Document {
    /// A session of a world: its flags and relationships.
    Session {
        /// The world's id.
        world: Arc<str>,
        /// The session's id.
        session: Arc<str>,
    },
    /// An NPC of a world.
    Npc {
        /// The world's id.
        world: Arc<str>,
        /// The NPC's id.
        npc: Arc<str>,
    },
    /// A document of an embedder's own capability.
    Other {
        /// The capability's id.
        capability: String,
        /// What names the document there.
        path: Vec<String>,
    },
}

/// A document's version. The host's store counts it up with each committed change.
pub type Version = u64;

/// How an NPC and a player stand to each other, or what to add to that. Each number is kept between -100 and 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Relationship {
    /// Liking.
    pub affinity: i32,
    /// Trust.
    pub trust: i32,
    /// Closeness.
    pub intimacy: i32,
}

impl Relationship {
    /// The relationship after a change.
    #[must_use]
    pub fn changed_by(self, change: Self) -> Self {
        let add = |a: i32, b: i32| a.saturating_add(b).clamp(-100, 100);
        Self {
            affinity: add(self.affinity, change.affinity),
            trust: add(self.trust, change.trust),
            intimacy: add(self.intimacy, change.intimacy),
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "op")]
#[non_exhaustive]
pub enum Change {
    /// Set a flag of a session, in the namespace of the plugin that made the call.
    SetFlag {
        /// The namespace: the plugin's id.
        namespace: PluginId,
        /// The flag's name within it.
        key: String,
        /// The value.
        value: serde_json::Value,
    },
    /// Remove a flag.
    ClearFlag {
        /// The namespace: the plugin's id.
        namespace: PluginId,
        /// The flag's name within it.
        key: String,
    },
    /// Add to a relationship between the session's player and an NPC.
    UpdateRelationship {
        /// The NPC's id.
        npc: String,
        /// What to add.
        change: Relationship,
    },
    /// A change by an embedder's own capability, in its own terms.
    Other {
        /// The change.
        value: serde_json::Value,
    },
}

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
}

/// What came of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommitError {
    /// A document that the call read has changed since. Nothing was written; the call may run again.
    Conflict,
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
