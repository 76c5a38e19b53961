//! A loaded world.

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis::EnabledPlugins;
use portcullis::capability::port::Location;
use portcullis::write_set::{Relationship, Version};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::document::Flags;
use crate::plan::Routine;

/// A world. What serialises is what its digest stands for; versions, routines and the list of plugins are not part of it.
#[derive(Clone, Debug, Serialize)]
pub struct World {
    /// Its id.
    pub id: Arc<str>,
    /// Its name.
    pub name: String,
    /// Hours since it began.
    pub hour: u64,
    /// What plugins may read of its configuration.
    pub config: Map<String, Value>,
    /// The plugins that it uses.
    #[serde(skip)]
    pub enabled: Arc<EnabledPlugins>,
    /// Its places, by id.
    pub locations: Vec<Location>,
    /// Its NPCs by id.
    pub npcs: BTreeMap<Arc<str>, Arc<Npc>>,
    /// Its sessions by id.
    pub sessions: BTreeMap<Arc<str>, Session>,
    /// Its routines by id.
    #[serde(skip)]
    pub routines: Arc<BTreeMap<String, Routine>>,
}

/// An NPC.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Npc {
    /// Counts its changes.
    #[serde(skip)]
    pub version: Version,
    /// Its name.
    pub name: String,
    /// Where it is; empty for nowhere.
    pub location: String,
    /// What it does; empty for nothing yet.
    pub activity: String,
    /// The routine that it follows.
    #[serde(skip)]
    pub routine: Option<String>,
    /// What plugins know it by.
    pub tags: Vec<String>,
    /// Its attributes.
    pub attributes: BTreeMap<String, Value>,
}

/// A player's session.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Session {
    /// Counts its changes.
    #[serde(skip)]
    pub version: Version,
    /// The player's id.
    pub player: String,
    /// Where the player is; empty for nowhere.
    pub location: String,
    /// Flags by namespace, then by key. The two are never joined, so that no key can reach into another namespace.
    pub flags: BTreeMap<String, Flags>,
    /// The player's relationships by the NPC's id.
    pub relationships: BTreeMap<String, Relationship>,
}

impl World {
    /// The session that concerns whoever is at a location: the first, by id, whose player is there.
    pub fn session_at(&self, location: &str) -> Option<&Arc<str>> {
        if location.is_empty() {
            return None;
        }
        self.sessions
            .iter()
            .find(|(_, session)| session.location == location)
            .map(|(id, _)| id)
    }

    /// Changes an NPC, if the world has it.
    pub fn change_npc(&mut self, npc: &str, change: impl FnOnce(&mut Npc)) {
        if let Some(npc) = self.npcs.get_mut(npc) {
            let npc = Arc::make_mut(npc);
            change(npc);
            npc.version += 1;
        }
    }
}
