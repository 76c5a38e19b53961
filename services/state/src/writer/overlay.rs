//! What one job changes, on top of what the jobs before it in the same batch changed, on top of what is in memory.

use std::collections::BTreeSet;
use std::sync::Arc;

use portcullis::PluginId;

use crate::content::{Content, Layer};
use crate::item::Item;
use crate::keys::Keys;
use crate::memory::Memory;

pub(crate) struct Overlay<'a> {
    memory: &'a Memory,
    batch: &'a Layer,
    job: Layer,
    now_ms: u64,
}

impl<'a> Overlay<'a> {
    pub(crate) fn new(memory: &'a Memory, batch: &'a Layer, now_ms: u64) -> Self {
        Self {
            memory,
            batch,
            job: Layer::new(),
            now_ms,
        }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms
    }

    pub(crate) fn memory(&self) -> &'a Memory {
        self.memory
    }

    /// What the job has changed.
    pub(crate) fn job(&self) -> &Layer {
        &self.job
    }

    pub(crate) fn into_job(self) -> Layer {
        self.job
    }

    /// What stands there now.
    pub(crate) fn get(&self, item: &Item) -> Option<Content> {
        match self.job.get(item) {
            Some(content) => content.clone(),
            None => self.before(item),
        }
    }

    /// What stood there before the job.
    pub(crate) fn before(&self, item: &Item) -> Option<Content> {
        match self.batch.get(item) {
            Some(content) => content.clone(),
            None => self.memory.get(item),
        }
    }

    pub(crate) fn has(&self, item: &Item) -> bool {
        self.get(item).is_some()
    }

    pub(crate) fn put(&mut self, item: Item, content: Content) {
        self.job.insert(item, Some(content));
    }

    /// Removes an item; false if it was not there.
    pub(crate) fn remove(&mut self, item: &Item) -> bool {
        let there = self.has(item);
        if there {
            self.job.insert(item.clone(), None);
        }
        there
    }

    /// Edits a copy of what stands there; `None` if nothing does.
    pub(crate) fn edit<T>(
        &mut self,
        item: &Item,
        edit: impl FnOnce(&mut Content) -> T,
    ) -> Option<T> {
        if !self.job.contains_key(item) {
            let content = self.before(item)?;
            self.job.insert(item.clone(), Some(content));
        }
        self.job.get_mut(item)?.as_mut().map(edit)
    }

    /// The worlds that are there now.
    pub(crate) fn worlds(&self) -> BTreeSet<Arc<str>> {
        let mut worlds: BTreeSet<_> = self.memory.worlds.keys().cloned().collect();
        for (item, content) in self.batch.iter().chain(&self.job) {
            if let Item::World { world } = item {
                match content {
                    Some(_) => worlds.insert(world.clone()),
                    None => worlds.remove(world),
                };
            }
        }
        worlds
    }

    /// The NPCs and sessions of a world that are there now.
    pub(crate) fn members(&self, world: &str) -> Vec<Item> {
        let mut members = BTreeSet::new();
        if let Some(known) = self.memory.worlds.get(world) {
            members.extend(known.npcs.keys().map(|npc| Item::npc(world, npc)));
            members.extend(known.sessions.keys().map(|id| Item::session(world, id)));
        }
        for layer in [self.batch, &self.job] {
            let from = Item::npc(world, "");
            let npcs = layer
                .range(from..)
                .take_while(|(item, _)| is_npc(item, world));
            let from = Item::session(world, "");
            let sessions = layer
                .range(from..)
                .take_while(|(item, _)| is_session(item, world));
            members.extend(npcs.chain(sessions).map(|(item, _)| item.clone()));
        }
        members.retain(|item| self.has(item));
        members.into_iter().collect()
    }

    /// The keys of a plugin's store that are there now, expired ones too.
    pub(crate) fn keys(&self, plugin: &PluginId) -> Vec<Item> {
        let known = self.memory.kv.get(plugin).into_iter().flat_map(Keys::iter);
        let mut keys: BTreeSet<_> = known.map(|(key, _)| Item::kv(plugin, key)).collect();
        for layer in [self.batch, &self.job] {
            keys.extend(keys_of(layer, plugin).map(|(item, _)| item.clone()));
        }
        keys.retain(|item| self.has(item));
        keys.into_iter().collect()
    }
}

fn is_npc(item: &Item, of: &str) -> bool {
    matches!(item, Item::Npc { world, .. } if **world == *of)
}

fn is_session(item: &Item, of: &str) -> bool {
    matches!(item, Item::Session { world, .. } if **world == *of)
}

fn keys_of<'l>(
    layer: &'l Layer,
    of: &PluginId,
) -> impl Iterator<Item = (&'l Item, &'l Option<Content>)> {
    layer
        .range(Item::kv(of, "")..)
        .take_while(move |(item, _)| matches!(item, Item::Kv { plugin, .. } if plugin == of))
}
