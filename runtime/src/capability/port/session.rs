//! What `session-read` asks of the host.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{PortError, Request, Versioned};
use crate::write_set::{Document, Relationship, Version};

/// A question about a session. `not-found` where the world has no such session, even if another world has.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ask")]
pub enum SessionRequest {
    /// The session's own data.
    Session {
        /// The world's id.
        world: Arc<str>,
        /// The session's id.
        session: Arc<str>,
    },
    /// One flag of a namespace.
    Flag {
        /// The world's id.
        world: Arc<str>,
        /// The session's id.
        session: Arc<str>,
        /// A plugin's id, or `host`.
        namespace: String,
        /// The flag's name within the namespace. Never join the two: look the flag up by the pair.
        key: String,
    },
    /// The player's relationship with an NPC; `not-found` where the world has no such NPC.
    Relationship {
        /// The world's id.
        world: Arc<str>,
        /// The session's id.
        session: Arc<str>,
        /// The NPC's id.
        npc: String,
    },
}

impl SessionRequest {
    /// The document that the question is about.
    pub fn document(&self) -> Document {
        let (Self::Session { world, session }
        | Self::Flag { world, session, .. }
        | Self::Relationship { world, session, .. }) = self;
        Document::Session {
            world: world.clone(),
            session: session.clone(),
        }
    }
}

/// The reply to a [`SessionRequest`], of the same name. Each carries the session's version, also where a flag is not set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reply", content = "value")]
pub enum SessionReply {
    /// The session's own data.
    Session(Versioned<SessionInfo>),
    /// The flag, if it is set.
    Flag(Versioned<Option<serde_json::Value>>),
    /// The relationship; all zero before the first contact.
    Relationship(Versioned<Relationship>),
}

impl SessionReply {
    /// The session's version.
    pub fn version(&self) -> Version {
        match self {
            Self::Session(session) => session.version,
            Self::Flag(flag) => flag.version,
            Self::Relationship(relationship) => relationship.version,
        }
    }
}

impl Request for SessionRequest {
    type Reply = SessionReply;
    type Error = PortError;
}

/// A session's own data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Its id.
    pub id: String,
    /// The world that it belongs to.
    pub world: String,
    /// The player's id.
    pub player: String,
    /// The location where the player is.
    pub location: String,
}
