//! A state in memory behind the four ports, which can be told to be slow, to fail, to panic and to hang.

mod data;
mod knobs;
mod ports;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use data::{Npc, Session, World};
pub use knobs::{Gate, Knob, Trouble};
use portcullis::write_set::Relationship;
use serde_json::Value;

/// Worlds in memory.
pub struct MemoryState {
    worlds: Mutex<BTreeMap<String, World>>,
    /// What requests of `world-read`, `session-read`, `session-write` and `npc-read` run into.
    pub reads: Knob,
    /// What commits run into.
    pub commits: Knob,
}

impl MemoryState {
    /// Two worlds: `alpha` and `beta`. Both have a session `shared`; `alpha` has the session `s1` and the NPC `ada`, `beta` has `s2` and `bob`.
    pub fn two_worlds() -> Self {
        Self {
            worlds: Mutex::new(data::two_worlds()),
            reads: Knob::default(),
            commits: Knob::default(),
        }
    }

    /// A flag of a session.
    pub fn flag(&self, world: &str, session: &str, namespace: &str, key: &str) -> Option<Value> {
        let key = (namespace.to_owned(), key.to_owned());
        self.lock()
            .get(world)?
            .sessions
            .get(session)?
            .flags
            .get(&key)
            .cloned()
    }

    /// Sets a flag of a session, as the host would.
    pub fn set_flag(&self, world: &str, session: &str, namespace: &str, key: &str, value: Value) {
        let mut worlds = self.lock();
        if let Some(session) = worlds
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
        let worlds = self.lock();
        let session = worlds
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
            .get(world)?
            .sessions
            .get(session)?
            .relationships
            .get(npc)
            .copied()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, World>> {
        self.worlds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
