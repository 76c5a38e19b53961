//! A state in memory behind the six ports, which can be told to be slow, to fail, to panic and to hang.

mod clock;
mod commit;
mod data;
mod jobs;
mod knobs;
mod ports;
mod store;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use clock::HandClock;
pub use data::{Npc, Session, World};
pub use jobs::Job;
pub use knobs::{Gate, Knob, Trouble};
use portcullis::PluginId;
use portcullis::capability::port::{JobState, KvEntry};
use portcullis::clock::Clock;
use portcullis::write_set::Relationship;
use serde_json::Value;

use self::data::Data;

/// Worlds, plugins' keys and generation jobs in memory.
pub struct MemoryState {
    data: Mutex<Data>,
    /// By which keys expire.
    pub clock: HandClock,
    /// What requests of all ports but the commit's run into.
    pub reads: Knob,
    /// What commits run into.
    pub commits: Knob,
}

impl MemoryState {
    /// Two worlds: `alpha` and `beta`. Both have a session `shared`; `alpha` has the session `s1` and the NPC `ada`, `beta` has `s2` and `bob`.
    pub fn two_worlds() -> Self {
        Self {
            data: Mutex::new(Data {
                worlds: data::two_worlds(),
                ..Data::default()
            }),
            clock: HandClock::default(),
            reads: Knob::default(),
            commits: Knob::default(),
        }
    }

    /// A flag of a session.
    pub fn flag(&self, world: &str, session: &str, namespace: &str, key: &str) -> Option<Value> {
        let key = (namespace.to_owned(), key.to_owned());
        self.lock()
            .worlds
            .get(world)?
            .sessions
            .get(session)?
            .flags
            .get(&key)
            .cloned()
    }

    /// Sets a flag of a session, as the host would.
    pub fn set_flag(&self, world: &str, session: &str, namespace: &str, key: &str, value: Value) {
        let mut data = self.lock();
        if let Some(session) = data
            .worlds
            .get_mut(world)
            .and_then(|world| world.sessions.get_mut(session))
        {
            session.version += 1;
            session
                .flags
                .insert((namespace.to_owned(), key.to_owned()), value);
        }
    }

    /// All flags of a session, as `namespace/key`.
    pub fn flags(&self, world: &str, session: &str) -> BTreeMap<String, Value> {
        let data = self.lock();
        let session = data
            .worlds
            .get(world)
            .and_then(|world| world.sessions.get(session));
        let flags = session.iter().flat_map(|session| &session.flags);
        flags
            .map(|((namespace, key), value)| (format!("{namespace}/{key}"), value.clone()))
            .collect()
    }

    /// A relationship of a session's player.
    pub fn relationship(&self, world: &str, session: &str, npc: &str) -> Option<Relationship> {
        self.lock()
            .worlds
            .get(world)?
            .sessions
            .get(session)?
            .relationships
            .get(npc)
            .copied()
    }

    /// An NPC of a world.
    pub fn npc(&self, world: &str, npc: &str) -> Option<Npc> {
        self.lock().worlds.get(world)?.npcs.get(npc).cloned()
    }

    /// What stands in a plugin's own store.
    pub fn kv(&self, plugin: &str) -> BTreeMap<String, KvEntry> {
        let now_ms = self.clock.now_ms();
        let data = self.lock();
        let mut stores = data.stores.iter();
        stores
            .find(|(owner, _)| owner.as_str() == plugin)
            .map(|(_, store)| store.entries(now_ms))
            .unwrap_or_default()
    }

    /// Puts a value into a plugin's own store, for good, as the host would.
    pub fn put_kv(&self, plugin: &PluginId, key: &str, value: Value) {
        let mut data = self.lock();
        let store = data.stores.entry(plugin.clone()).or_default();
        let expires_ms = None;
        store.put(key.into(), KvEntry { value, expires_ms });
    }

    /// The jobs that were submitted, in the order of their ids.
    pub fn jobs(&self) -> Vec<Job> {
        self.lock().jobs.values().cloned().collect()
    }

    /// Ends the jobs that are queued, as a generator would.
    pub fn finish_jobs(&self, state: &JobState) {
        for job in self.lock().jobs.values_mut() {
            if job.state == JobState::Queued {
                job.state = state.clone();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
