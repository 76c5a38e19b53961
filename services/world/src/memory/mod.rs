//! Worlds in memory: the state of a host for tests, demos and small games.

mod commit;
mod ports;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use portcullis::package::Digest;

use crate::digest;
use crate::state::World;

/// Worlds in memory. All that is asked of them is answered under one lock, and a commit holds it from its check to its last change: nobody
/// sees half a commit. Nothing is kept on disk.
#[derive(Default)]
pub struct MemoryState {
    worlds: RwLock<Worlds>,
}

type Worlds = BTreeMap<Arc<str>, World>;

impl MemoryState {
    /// The state of these worlds. Of two with the same id the later one counts.
    pub fn new(worlds: impl IntoIterator<Item = World>) -> Self {
        let worlds: Worlds = worlds
            .into_iter()
            .map(|world| (world.id.clone(), world))
            .collect();
        Self {
            worlds: RwLock::new(worlds),
        }
    }

    /// The ids of the worlds, in order.
    pub fn ids(&self) -> Vec<Arc<str>> {
        self.read(|worlds| worlds.keys().cloned().collect())
    }

    /// A copy of a world as it is now.
    pub fn snapshot(&self, world: &str) -> Option<World> {
        self.read(|worlds| worlds.get(world).cloned())
    }

    /// Looks at a world; `None` if it is not there. Others wait meanwhile.
    pub fn look<T>(&self, world: &str, look: impl FnOnce(&World) -> T) -> Option<T> {
        self.read(|worlds| worlds.get(world).map(look))
    }

    /// Changes a world as its host; `None` if it is not there. Others wait meanwhile. Changes of NPCs go through
    /// [`World::change_npc`], which counts them: calls that saw an earlier version then run again.
    pub fn change<T>(&self, world: &str, change: impl FnOnce(&mut World) -> T) -> Option<T> {
        let mut worlds = self.worlds.write().unwrap_or_else(PoisonError::into_inner);
        worlds.get_mut(world).map(change)
    }

    /// The digest of all worlds.
    ///
    /// # Errors
    /// A value that JSON does not have; no world from a file and no plugin brings one.
    pub fn digest(&self) -> Result<Digest, serde_json::Error> {
        self.read(|worlds| digest::of(&worlds.values().collect::<Vec<_>>()))
    }

    fn read<T>(&self, look: impl FnOnce(&Worlds) -> T) -> T {
        look(&self.worlds.read().unwrap_or_else(PoisonError::into_inner))
    }
}
