//! What `world-read` asks of the host.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{PortError, Request};

/// A question about a world. `not-found` where there is no such world.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ask")]
pub enum WorldRequest {
    /// The world's own data.
    World {
        /// The world's id.
        world: Arc<str>,
    },
    /// One value of its configuration; `not-found` if it is not set.
    Config {
        /// The world's id.
        world: Arc<str>,
        /// The key.
        key: String,
    },
    /// Its locations, by id.
    Locations {
        /// The world's id.
        world: Arc<str>,
    },
    /// The ids of its NPCs, in order.
    Npcs {
        /// The world's id.
        world: Arc<str>,
    },
}

/// The reply to a [`WorldRequest`], of the same name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reply", content = "value")]
pub enum WorldReply {
    /// The world's own data.
    World(WorldInfo),
    /// A configuration value.
    Config(serde_json::Value),
    /// The locations.
    Locations(Vec<Location>),
    /// The NPCs' ids.
    Npcs(Vec<String>),
}

impl Request for WorldRequest {
    type Reply = WorldReply;
    type Error = PortError;
}

/// A world's own data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldInfo {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Hours since the world began.
    pub hour: u64,
}

/// A place in a world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What plugins know it by.
    #[serde(default)]
    pub tags: Vec<String>,
}
