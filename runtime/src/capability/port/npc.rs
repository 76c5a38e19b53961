//! What `npc-read` asks of the host.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{PortError, Request, Versioned};

/// A question about an NPC. `not-found` where the world has no such NPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ask")]
pub enum NpcRequest {
    /// The NPC's own data.
    Npc {
        /// The world's id.
        world: Arc<str>,
        /// The NPC's id.
        npc: String,
    },
    /// One attribute.
    Attribute {
        /// The world's id.
        world: Arc<str>,
        /// The NPC's id.
        npc: String,
        /// The attribute's name.
        key: String,
    },
}

/// The reply to an [`NpcRequest`], of the same name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reply", content = "value")]
pub enum NpcReply {
    /// The NPC's own data.
    Npc(Versioned<NpcInfo>),
    /// The attribute, if it is set.
    Attribute(Versioned<Option<serde_json::Value>>),
}

impl Request for NpcRequest {
    type Reply = NpcReply;
    type Error = PortError;
}

/// An NPC's own data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NpcInfo {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The location where it is.
    pub location: String,
    /// The activity that it pursues; empty before its first.
    #[serde(default)]
    pub activity: String,
    /// What plugins know it by.
    #[serde(default)]
    pub tags: Vec<String>,
}
