//! Warm instances of a plugin: idle ones, each for the session of a world that it served, or shared where the plugin and the policy say so.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::config::{MEMORY_KEEP_RESIDENT, TABLE_KEEP_RESIDENT};
use super::instance::Lease;
use crate::grant::Instances;
use crate::subject::Subject;

/// What an element of a table takes, in bytes: a pointer.
const ELEMENT: u64 = 8;

/// The idle instances of one plugin, the one that was used last at the end.
#[derive(Default)]
pub(crate) struct WarmPool {
    idle: Mutex<Vec<Lease>>,
}

impl WarmPool {
    /// An instance that may serve a call about this.
    pub(super) fn take(&self, subject: &Subject, instances: Instances) -> Option<Lease> {
        let is_shared = match instances {
            Instances::Fresh => return None,
            Instances::Warm { .. } => false,
            Instances::Shared { .. } => true,
        };
        if subject.world_id().is_empty() {
            return None;
        }
        let mut idle = self.lock();
        let fits = |lease: &Lease| is_shared || are_alike(lease.subject(), subject);
        let position = idle.iter().rposition(fits)?;
        Some(idle.remove(position))
    }

    /// Keeps an instance, unless the policy is against it, it holds what an idle one must not, or enough idle ones serve what it serves.
    pub(super) fn keep(&self, lease: Lease, instances: Instances) {
        let (max_idle, is_shared) = match instances {
            Instances::Fresh => return,
            Instances::Warm { max_idle } => (max_idle, false),
            Instances::Shared { max_idle } => (max_idle, true),
        };
        if !may_idle(&lease) {
            return;
        }
        let mut idle = self.lock();
        let same = |other: &&Lease| is_shared || are_alike(other.subject(), lease.subject());
        if idle.iter().filter(same).count() < max_idle {
            idle.push(lease);
        }
    }

    /// Drops the instance that has been idle for longest, so that its slots are free.
    pub(super) fn evict_one(&self) -> bool {
        // Dropped after the lock is released: tearing a store down takes a while.
        let evicted = {
            let mut idle = self.lock();
            (!idle.is_empty()).then(|| idle.remove(0))
        };
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

/// Whether an instance that served the one may serve the other: what it has seen of the one's data, the other sees too. The rooms go by world
/// and session; neither an NPC nor a caller opens or closes anything.
fn are_alike(one: &Subject, other: &Subject) -> bool {
    one.world_id() == other.world_id() && one.session_id() == other.session_id()
}

/// Whether an instance may be kept: it can be entered again, holds nothing of the host, is about a world, and takes no more than what the
/// engine's pool keeps for a slot anyway. One that grew beyond that would hold its memory for as long as nobody calls it.
fn may_idle(lease: &Lease) -> bool {
    let ctx = lease.store.data();
    let (memory, elements) = ctx.limiter.held();
    ctx.is_bare()
        && !lease.subject().world_id().is_empty()
        && memory <= MEMORY_KEEP_RESIDENT as u64
        && elements.saturating_mul(ELEMENT) <= TABLE_KEEP_RESIDENT as u64
}
