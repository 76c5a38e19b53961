//! What carries a version.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::manifest::PluginId;

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
    /// One key of a plugin's own key-value store. A key that is not there, or has expired, has version 0.
    Kv {
        /// The plugin whose store it is.
        plugin: PluginId,
        /// The key.
        key: Arc<str>,
    },
    /// A text generation job of a plugin.
    Generation {
        /// The plugin that submits it.
        plugin: PluginId,
        /// The job's id.
        job: Arc<str>,
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
