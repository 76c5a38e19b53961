//! Warm instances of a plugin: idle ones, each for the world that it served.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::instance::Lease;

/// The idle instances of one plugin.
#[derive(Default)]
pub(crate) struct WarmPool {
    idle: Mutex<Vec<Lease>>,
}

impl WarmPool {
    /// An instance that has served this world before. It never serves another.
    pub(super) fn take(&self, world: &Arc<str>) -> Option<Lease> {
        let mut idle = self.lock();
        let position = idle.iter().rposition(|lease| lease.world() == world)?;
        Some(idle.swap_remove(position))
    }

    /// Keeps an instance, unless its world has enough idle ones.
    pub(super) fn keep(&self, lease: Lease, max_idle: usize) {
        let mut idle = self.lock();
        if idle
            .iter()
            .filter(|other| other.world() == lease.world())
            .count()
            < max_idle
        {
            idle.push(lease);
        }
    }

    /// Drops an idle instance, so that its slots are free.
    pub(super) fn evict_one(&self) -> bool {
        // Dropped after the lock is released: tearing a store down takes a while.
        let evicted = self.lock().pop();
        evicted.is_some()
    }

    /// Drops all idle instances.
    pub(super) fn clear(&self) {
        let idle = std::mem::take(&mut *self.lock());
        drop(idle);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Lease>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
