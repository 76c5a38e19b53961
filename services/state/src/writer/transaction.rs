//! The host's own changes: typed access to every document, on the writer's thread.

use std::collections::BTreeSet;
use std::sync::Arc;

use portcullis::capability::port::{KvEntry, Versioned};
use portcullis::{EnabledPlugins, PluginId};
use serde_json::Value;

use super::overlay::Overlay;
use super::validate;
use crate::content::{Content, Layer};
use crate::document::{NpcDocument, SessionDocument, World, WorldDocument, unsaved};
use crate::effective;
use crate::error::InvalidDocument;
use crate::history::NewRow;
use crate::item::Item;

/// A change of the host in the making. It sees what it changed so far; nobody else does before it is on disk.
///
/// Documents that it leaves as they were are not written, and keep their versions.
pub struct Transaction<'a>(pub(crate) Overlay<'a>);

impl Transaction<'_> {
    /// Milliseconds since 1970: the time of this change.
    pub fn now_ms(&self) -> u64 {
        self.0.now_ms()
    }

    /// The ids of the worlds, in order.
    pub fn worlds(&self) -> Vec<Arc<str>> {
        self.0.worlds().into_iter().collect()
    }

    /// A world with all that is in it. For one document of many, [`npc`](Self::npc) and [`session`](Self::session) are quicker.
    pub fn world(&self, world: &str) -> Option<World> {
        let document = self.world_document(world)?;
        let workspace = document.value.meta.workspace.as_deref();
        let workspace = workspace.and_then(|id| self.workspace(id));
        // A list that cannot be read is refused in the end; until then it lets nobody in.
        let enabled = effective::of(&document.value, workspace.as_ref())
            .unwrap_or_else(|_| Arc::new(EnabledPlugins::Only(BTreeSet::new())));
        let mut found = World {
            id: world.into(),
            version: document.version,
            document: document.value,
            enabled,
            ..World::default()
        };
        for item in self.0.members(world) {
            match (self.0.get(&item), item) {
                (Some(Content::Npc(document)), Item::Npc { npc, .. }) => {
                    found.npcs.insert(npc, document);
                }
                (Some(Content::Session(document)), Item::Session { session, .. }) => {
                    found.sessions.insert(session, document);
                }
                _ => {}
            }
        }
        Some(found)
    }

    /// A world's own document.
    pub fn world_document(&self, world: &str) -> Option<Versioned<Arc<WorldDocument>>> {
        match self.0.get(&Item::world(world)) {
            Some(Content::World(document)) => Some(document),
            _ => None,
        }
    }

    /// Puts a world, in place of the one with its id: NPCs and sessions that it does not have are removed. Its versions are not looked at.
    pub fn put_world(&mut self, world: World) {
        let id = &world.id;
        for item in self.0.members(id) {
            let stays = match &item {
                Item::Npc { npc, .. } => world.npcs.contains_key(npc),
                Item::Session { session, .. } => world.sessions.contains_key(session),
                _ => true,
            };
            if !stays {
                self.0.remove(&item);
            }
        }
        let document = Versioned {
            version: 0,
            value: world.document,
        };
        self.0.put(Item::world(id), Content::World(document));
        for (npc, document) in world.npcs {
            self.0.put(Item::npc(id, &npc), Content::Npc(document));
        }
        for (session, document) in world.sessions {
            let item = Item::session(id, &session);
            self.0.put(item, Content::Session(document));
        }
    }

    /// Removes a world with all that is in it; false if it was not there.
    pub fn remove_world(&mut self, world: &str) -> bool {
        for item in self.0.members(world) {
            self.0.remove(&item);
        }
        self.0.remove(&Item::world(world))
    }

    /// Edits a world's own document; false if there is no such world.
    pub fn edit_world(&mut self, world: &str, edit: impl FnOnce(&mut WorldDocument)) -> bool {
        let edit = |content: &mut Content| content.world_mut().map(edit);
        self.0.edit(&Item::world(world), edit).flatten().is_some()
    }

    /// An NPC.
    pub fn npc(&self, world: &str, npc: &str) -> Option<Arc<Versioned<NpcDocument>>> {
        match self.0.get(&Item::npc(world, npc)) {
            Some(Content::Npc(document)) => Some(document),
            _ => None,
        }
    }

    /// Puts an NPC, in place of the one with its id; false if there is no such world.
    pub fn put_npc(&mut self, world: &str, npc: &str, document: NpcDocument) -> bool {
        let there = self.0.has(&Item::world(world));
        if there {
            let content = Content::Npc(unsaved(document));
            self.0.put(Item::npc(world, npc), content);
        }
        there
    }

    /// Edits an NPC; false if there is no such NPC.
    pub fn edit_npc(
        &mut self,
        world: &str,
        npc: &str,
        edit: impl FnOnce(&mut NpcDocument),
    ) -> bool {
        let edit = |content: &mut Content| content.npc_mut().map(edit);
        self.0
            .edit(&Item::npc(world, npc), edit)
            .flatten()
            .is_some()
    }

    /// Removes an NPC; false if it was not there.
    pub fn remove_npc(&mut self, world: &str, npc: &str) -> bool {
        self.0.remove(&Item::npc(world, npc))
    }

    /// A session.
    pub fn session(&self, world: &str, session: &str) -> Option<Arc<Versioned<SessionDocument>>> {
        match self.0.get(&Item::session(world, session)) {
            Some(Content::Session(document)) => Some(document),
            _ => None,
        }
    }

    /// Puts a session, in place of the one with its id; false if there is no such world.
    pub fn put_session(&mut self, world: &str, session: &str, document: SessionDocument) -> bool {
        let there = self.0.has(&Item::world(world));
        if there {
            let content = Content::Session(unsaved(document));
            self.0.put(Item::session(world, session), content);
        }
        there
    }

    /// Edits a session; false if there is no such session.
    pub fn edit_session(
        &mut self,
        world: &str,
        session: &str,
        edit: impl FnOnce(&mut SessionDocument),
    ) -> bool {
        let edit = |content: &mut Content| content.session_mut().map(edit);
        let edited = self.0.edit(&Item::session(world, session), edit);
        edited.flatten().is_some()
    }

    /// Removes a session; false if it was not there.
    pub fn remove_session(&mut self, world: &str, session: &str) -> bool {
        self.0.remove(&Item::session(world, session))
    }

    /// What stands at a key of a plugin's store; `None` also if it has expired.
    pub fn kv(&self, plugin: &PluginId, key: &str) -> Option<KvEntry> {
        match self.0.get(&Item::kv(plugin, key)) {
            Some(Content::Kv(document)) if !document.value.expired(self.now_ms()) => {
                Some(document.value.entry().clone())
            }
            _ => None,
        }
    }

    /// Sets a key of a plugin's store. The plugin's quota does not hold the host back.
    pub fn put_kv(&mut self, plugin: &PluginId, key: &str, entry: KvEntry) {
        let content = Content::Kv(unsaved(entry.into()));
        self.0.put(Item::kv(plugin, key), content);
    }

    /// Removes a key of a plugin's store; false if it was not there.
    pub fn delete_kv(&mut self, plugin: &PluginId, key: &str) -> bool {
        self.0.remove(&Item::kv(plugin, key))
    }

    /// Removes all keys of a plugin's store, such as those of one that was uninstalled, and tells how many there were.
    pub fn clear_kv(&mut self, plugin: &PluginId) -> usize {
        let keys = self.0.keys(plugin);
        keys.iter().filter(|key| self.0.remove(key)).count()
    }

    /// A workspace's document.
    pub fn workspace(&self, workspace: &str) -> Option<Value> {
        match self.0.get(&Item::workspace(workspace)) {
            Some(Content::Workspace(document)) => Some(document.value.clone()),
            _ => None,
        }
    }

    /// Puts a workspace: a JSON object, of which `behavior.enabledPlugins` limits the plugins of its worlds.
    pub fn put_workspace(&mut self, workspace: &str, document: Value) {
        let content = Content::Workspace(unsaved(document));
        self.0.put(Item::workspace(workspace), content);
    }

    /// Edits a workspace's document; false if there is no such workspace.
    pub fn edit_workspace(&mut self, workspace: &str, edit: impl FnOnce(&mut Value)) -> bool {
        let edit = |content: &mut Content| content.workspace_mut().map(edit);
        let edited = self.0.edit(&Item::workspace(workspace), edit);
        edited.flatten().is_some()
    }

    /// Removes a workspace; false if it was not there. One that a world belongs to cannot go: the change as a whole is then invalid.
    pub fn remove_workspace(&mut self, workspace: &str) -> bool {
        self.0.remove(&Item::workspace(workspace))
    }

    /// What was changed in truth, with a row of the history for each.
    pub(super) fn finish(self) -> Result<(Layer, Vec<NewRow>), InvalidDocument> {
        let mut rows = Vec::new();
        for (item, content) in self.0.job() {
            let change = match (self.0.before(item), content) {
                (None, None) => continue,
                (Some(before), Some(after)) if before.same_document(after) => continue,
                (Some(_), None) => {
                    validate::removed(&self.0, item)?;
                    r#"{"op":"remove"}"#.to_owned()
                }
                (_, Some(after)) => {
                    let document = validate::changed(&self.0, item, after)?;
                    format!(r#"{{"op":"put","document":{document}}}"#)
                }
            };
            let item = item.clone();
            rows.push(NewRow { item, change });
        }
        let mut layer = self.0.into_job();
        let kept: BTreeSet<_> = rows.iter().map(|row| &row.item).collect();
        layer.retain(|item, _| kept.contains(item));
        Ok((layer, rows))
    }
}
