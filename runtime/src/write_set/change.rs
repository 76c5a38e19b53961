//! What a call can change.

use serde::{Deserialize, Serialize};

use super::{Relationship, count_values};
use crate::manifest::PluginId;

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
    /// Set an attribute of an NPC.
    SetAttribute {
        /// The attribute's name.
        key: String,
        /// The value.
        value: serde_json::Value,
    },
    /// Remove an attribute of an NPC.
    ClearAttribute {
        /// The attribute's name.
        key: String,
    },
    /// Let an NPC be somewhere else.
    MoveNpc {
        /// The location's id.
        location: String,
    },
    /// Add a tag to an NPC; one that it has is not added again.
    AddTag {
        /// The tag.
        tag: String,
    },
    /// Remove a tag of an NPC.
    RemoveTag {
        /// The tag.
        tag: String,
    },
    /// Set a key of the plugin's key-value store.
    PutKv {
        /// The value.
        value: serde_json::Value,
        /// When the key expires, in milliseconds since 1970; `None` for never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_ms: Option<u64>,
    },
    /// Remove a key of the plugin's key-value store.
    DeleteKv,
    /// Submit a text generation job. It runs after the commit, and only then.
    SubmitGeneration {
        /// What to generate.
        request: GenerationRequest,
    },
    /// A change by an embedder's own capability, in its own terms.
    Other {
        /// The change.
        value: serde_json::Value,
    },
}

impl Change {
    /// How many JSON values there are in the change.
    pub(crate) fn values(&self) -> usize {
        match self {
            Self::SetFlag { value, .. }
            | Self::SetAttribute { value, .. }
            | Self::PutKv { value, .. }
            | Self::Other { value } => count_values(value),
            _ => 0,
        }
    }
}

/// What a text generator is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationRequest {
    /// What to answer.
    pub prompt: String,
    /// Who the generator is to be, and how it is to speak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The most tokens of the answer.
    pub max_tokens: u32,
}

impl GenerationRequest {
    /// What counts against the write budget.
    pub fn size(&self) -> usize {
        self.prompt.len() + self.system.as_ref().map_or(0, String::len)
    }
}
