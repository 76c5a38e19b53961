//! The documents of a world, as they stand in the database in JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis::EnabledPlugins;
use portcullis::capability::port::{Location, Versioned};
use portcullis::write_set::{Relationship, Version};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A world without its NPCs and sessions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldDocument {
    /// Its own data.
    pub meta: WorldMeta,
    /// What plugins may read of its configuration.
    pub config: Map<String, Value>,
    /// Settings of behaviour; `enabledPlugins` is the list of plugins that the world uses: absent for all, empty for none.
    pub behavior: Map<String, Value>,
    /// Its places. Plugins see them in the order of their ids.
    pub locations: Vec<Location>,
    /// What its NPCs do all day, in the terms of whoever lets them.
    pub routines: Value,
}

impl WorldDocument {
    /// Edits the list of plugins with the functions of [`portcullis::enabled`]: they get the world's document with its `behavior`.
    ///
    /// # Errors
    /// The edit's own; nothing has changed then.
    pub fn edit_enabled<T, E>(
        &mut self,
        edit: impl FnOnce(&mut Value) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut document = json!({ "behavior": self.behavior });
        let edited = edit(&mut document)?;
        if let Some(Value::Object(behavior)) = document.get_mut("behavior").map(Value::take) {
            self.behavior = behavior;
        }
        Ok(edited)
    }
}

/// A world's own data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorldMeta {
    /// Its name.
    pub name: String,
    /// Hours since the world began.
    pub hour: u64,
    /// The workspace that it belongs to. Its plugins are those that both the world and the workspace name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Arc<str>>,
    /// Anything else. None of the names above may be used again.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// An NPC.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NpcDocument {
    /// Its own data.
    pub meta: NpcMeta,
    /// Its attributes.
    pub attributes: BTreeMap<String, Value>,
}

/// An NPC's own data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NpcMeta {
    /// Its name.
    pub name: String,
    /// Where it is; empty for nowhere.
    pub location: String,
    /// What it does; empty for nothing yet.
    pub activity: String,
    /// The routine that it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routine: Option<String>,
    /// What plugins know it by.
    pub tags: Vec<String>,
    /// Anything else. None of the names above may be used again.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A player's session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionDocument {
    /// Its own data.
    pub meta: SessionMeta,
    /// Flags by namespace, then by key. The two are never joined, so that no key can reach into another namespace.
    pub flags: BTreeMap<String, BTreeMap<String, Value>>,
    /// The player's relationships by the NPC's id.
    pub relationships: BTreeMap<String, Relationship>,
}

/// A session's own data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionMeta {
    /// The player's id.
    pub player: String,
    /// Where the player is; empty for nowhere.
    pub location: String,
    /// Anything else. None of the names above may be used again.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A world as it is now. A copy shares its documents with the store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    /// Its id; not empty.
    pub id: Arc<str>,
    /// The version of its document. The store sets it.
    pub version: Version,
    /// Its document.
    pub document: Arc<WorldDocument>,
    /// The plugins that it uses: those that its own list and its workspace's both name. The store sets it.
    pub enabled: Arc<EnabledPlugins>,
    /// Its NPCs by id.
    pub npcs: BTreeMap<Arc<str>, Arc<Versioned<NpcDocument>>>,
    /// Its sessions by id.
    pub sessions: BTreeMap<Arc<str>, Arc<Versioned<SessionDocument>>>,
}

impl World {
    /// A world to put into a store, without NPCs and sessions.
    pub fn new(id: impl Into<Arc<str>>, document: WorldDocument) -> Self {
        Self {
            id: id.into(),
            document: Arc::new(document),
            ..Self::default()
        }
    }

    /// The same world with an NPC; one with the same id gives way.
    #[must_use]
    pub fn npc(mut self, id: impl Into<Arc<str>>, document: NpcDocument) -> Self {
        self.npcs.insert(id.into(), unsaved(document));
        self
    }

    /// The same world with a session; one with the same id gives way.
    #[must_use]
    pub fn session(mut self, id: impl Into<Arc<str>>, document: SessionDocument) -> Self {
        self.sessions.insert(id.into(), unsaved(document));
        self
    }
}

/// A document that is not in a store yet: its version comes when it is.
pub(crate) fn unsaved<T>(value: T) -> Arc<Versioned<T>> {
    Arc::new(Versioned { version: 0, value })
}
