//! All documents of a store, in memory. Questions are answered from here; only the writer changes it, after its transaction is on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use portcullis::capability::port::{JobState, Versioned};
use portcullis::write_set::Version;
use portcullis::{EnabledPlugins, PluginId};
use serde_json::Value;

use crate::content::{Content, Layer};
use crate::document::World;
use crate::effective;
use crate::item::Item;
use crate::job::JobCounts;
use crate::job_table::JobTable;
use crate::keys::Keys;

#[derive(Default)]
pub(crate) struct Memory {
    /// Counts the jobs that changed something.
    pub(crate) revision: Version,
    pub(crate) worlds: BTreeMap<Arc<str>, World>,
    pub(crate) workspaces: BTreeMap<Arc<str>, Arc<Versioned<Value>>>,
    pub(crate) kv: BTreeMap<PluginId, Keys>,
    pub(crate) jobs: BTreeMap<PluginId, JobTable>,
    /// The jobs that wait, by the revisions that submitted them.
    pub(crate) queue: BTreeSet<(Version, PluginId, Arc<str>)>,
}

impl Memory {
    pub(crate) fn get(&self, item: &Item) -> Option<Content> {
        Some(match item {
            Item::Workspace { workspace } => {
                Content::Workspace(self.workspaces.get(workspace)?.clone())
            }
            Item::World { world } => {
                let world = self.worlds.get(world)?;
                Content::World(Versioned {
                    version: world.version,
                    value: world.document.clone(),
                })
            }
            Item::Npc { world, npc } => {
                Content::Npc(self.worlds.get(world)?.npcs.get(npc)?.clone())
            }
            Item::Session { world, session } => {
                Content::Session(self.worlds.get(world)?.sessions.get(session)?.clone())
            }
            Item::Kv { plugin, key } => Content::Kv(self.kv.get(plugin)?.get(key)?.clone()),
            Item::Generation { plugin, job } => {
                Content::Generation(self.jobs.get(plugin)?.get(job)?.clone())
            }
        })
    }

    /// Takes over what was written. Worlds come before their NPCs and sessions in a layer, so they are there when those arrive.
    pub(crate) fn publish(&mut self, layer: Layer, revision: Version) {
        let mut stale = BTreeSet::new();
        for (item, content) in layer {
            match &item {
                Item::World { world } => {
                    stale.insert(world.clone());
                }
                Item::Workspace { workspace } => stale.extend(self.worlds_of(workspace)),
                _ => {}
            }
            match content {
                Some(content) => self.put(item, content),
                None => self.remove(&item),
            }
        }
        for world in stale {
            self.refresh(&world);
        }
        self.revision = revision;
    }

    pub(crate) fn put(&mut self, item: Item, content: Content) {
        match (item, content) {
            (Item::Workspace { workspace }, Content::Workspace(document)) => {
                self.workspaces.insert(workspace, document);
            }
            (Item::World { world: id }, Content::World(document)) => {
                let world = self.worlds.entry(id.clone()).or_default();
                world.id = id;
                world.version = document.version;
                world.document = document.value;
            }
            (Item::Npc { world, npc }, Content::Npc(document)) => {
                if let Some(world) = self.worlds.get_mut(&world) {
                    world.npcs.insert(npc, document);
                }
            }
            (Item::Session { world, session }, Content::Session(document)) => {
                if let Some(world) = self.worlds.get_mut(&world) {
                    world.sessions.insert(session, document);
                }
            }
            (Item::Kv { plugin, key }, Content::Kv(document)) => {
                self.kv.entry(plugin).or_default().insert(key, document);
            }
            (Item::Generation { plugin, job }, Content::Generation(document)) => {
                let place = (document.value.submitted, plugin.clone(), job.clone());
                if document.value.state == JobState::Queued {
                    self.queue.insert(place);
                } else {
                    self.queue.remove(&place);
                }
                self.jobs.entry(plugin).or_default().insert(job, document);
            }
            // Contents are only ever made for their items.
            _ => {}
        }
    }

    fn remove(&mut self, item: &Item) {
        match item {
            Item::Workspace { workspace } => drop(self.workspaces.remove(workspace)),
            Item::World { world } => drop(self.worlds.remove(world)),
            Item::Npc { world, npc } => {
                if let Some(world) = self.worlds.get_mut(world) {
                    world.npcs.remove(npc);
                }
            }
            Item::Session { world, session } => {
                if let Some(world) = self.worlds.get_mut(world) {
                    world.sessions.remove(session);
                }
            }
            Item::Kv { plugin, key } => {
                if let Some(keys) = self.kv.get_mut(plugin) {
                    keys.remove(key);
                    if keys.is_empty() {
                        self.kv.remove(plugin);
                    }
                }
            }
            Item::Generation { plugin, job } => self.remove_job(plugin, job),
        }
    }

    fn remove_job(&mut self, plugin: &PluginId, job: &Arc<str>) {
        let Some(jobs) = self.jobs.get_mut(plugin) else {
            return;
        };
        if let Some(document) = jobs.remove(job) {
            self.queue
                .remove(&(document.value.submitted, plugin.clone(), job.clone()));
        }
        if jobs.is_empty() {
            self.jobs.remove(plugin);
        }
    }

    /// The worlds that belong to a workspace.
    pub(crate) fn worlds_of(&self, workspace: &str) -> Vec<Arc<str>> {
        let of_it = |world: &&World| world.document.meta.workspace.as_deref() == Some(workspace);
        self.worlds
            .values()
            .filter(of_it)
            .map(|world| world.id.clone())
            .collect()
    }

    /// Sets which plugins a world uses, after its document or its workspace's has changed.
    pub(crate) fn refresh(&mut self, world: &str) {
        let Some(world) = self.worlds.get_mut(world) else {
            return;
        };
        let workspace = world.document.meta.workspace.as_ref();
        let workspace = workspace.and_then(|id| self.workspaces.get(id));
        let enabled = effective::of(&world.document, workspace.map(|document| &document.value));
        world.enabled = enabled.unwrap_or_else(|error| {
            // Such a list is refused before it comes here. If one came, no plugin would be let in.
            tracing::error!(world = &*world.id, "{error}");
            Arc::new(EnabledPlugins::Only(BTreeSet::new()))
        });
    }

    /// All that is there.
    pub(crate) fn items(&self) -> Vec<Item> {
        let mut items: Vec<_> = self
            .workspaces
            .keys()
            .map(|id| Item::workspace(id))
            .collect();
        for (id, world) in &self.worlds {
            items.push(Item::world(id));
            items.extend(world.npcs.keys().map(|npc| Item::npc(id, npc)));
            items.extend(
                world
                    .sessions
                    .keys()
                    .map(|session| Item::session(id, session)),
            );
        }
        for (plugin, keys) in &self.kv {
            items.extend(keys.iter().map(|(key, _)| Item::kv(plugin, key)));
        }
        for (plugin, jobs) in &self.jobs {
            items.extend(jobs.iter().map(|(job, _)| Item::generation(plugin, job)));
        }
        items
    }

    pub(crate) fn job_counts(&self) -> JobCounts {
        let mut counts = JobCounts::default();
        for (_, job) in self.jobs.values().flat_map(JobTable::iter) {
            counts.count(&job.value.state);
        }
        counts
    }
}
