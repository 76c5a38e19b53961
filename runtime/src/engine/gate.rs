//! Calls that compute for long take turns, so that a worker of the runtime is free for those that do not.
//!
//! The first millisecond of each poll is anybody's. A call that computes on lets other tasks run, and goes on when it has a permit: there is
//! one less than the runtime has workers, and they go round in the order in which they were asked for. A permit lasts until the end of the
//! poll, so no call holds one while it waits.

use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::{Handle, Id};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::capability::port;
use crate::identity::Identity;
use crate::manifest::PluginId;

thread_local! {
    /// The permit of the call that this thread polls.
    static HELD: Cell<Option<OwnedSemaphorePermit>> = const { Cell::new(None) };
}

/// The permits of a runtime.
struct Lane {
    runtime: Id,
    permits: Arc<Semaphore>,
}

static LANES: Mutex<Vec<Lane>> = Mutex::new(Vec::new());

/// The plugins whose calls wait here, each as often as it has calls that do.
static WAITING: Mutex<Vec<PluginId>> = Mutex::new(Vec::new());

/// Lets other tasks of the runtime run, and waits for the turn to compute on.
pub(super) async fn turn(identity: Arc<Identity>) {
    let waits = Waits::begin(identity.plugin.clone());
    port::queue(waits.of_others());
    tokio::task::yield_now().await;
    let permit = permits().acquire_owned().await;
    port::go_on();
    HELD.set(permit.ok());
}

/// The poll of the call is over.
pub(super) fn let_go() {
    HELD.set(None);
}

/// The permits of the runtime that this thread belongs to.
fn permits() -> Arc<Semaphore> {
    let runtime = Handle::current();
    let mut lanes = locked(&LANES);
    if let Some(lane) = lanes.iter().find(|lane| lane.runtime == runtime.id()) {
        return Arc::clone(&lane.permits);
    }
    // A runtime that is gone has nobody in its lane.
    lanes.retain(|lane| Arc::strong_count(&lane.permits) > 1);
    let workers = runtime.metrics().num_workers();
    let permits = Arc::new(Semaphore::new(workers.saturating_sub(1).max(1)));
    lanes.push(Lane {
        runtime: runtime.id(),
        permits: Arc::clone(&permits),
    });
    permits
}

/// A call that waits here.
struct Waits(PluginId);

impl Waits {
    fn begin(plugin: PluginId) -> Self {
        locked(&WAITING).push(plugin.clone());
        Self(plugin)
    }

    /// How many of those that wait are calls of other plugins, in thousandths. A plugin that keeps itself waiting has itself to blame.
    fn of_others(&self) -> u64 {
        let waiting = locked(&WAITING);
        let others = waiting.iter().filter(|plugin| **plugin != self.0).count();
        (others * 1_000 / waiting.len().max(1)) as u64
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        let mut waiting = locked(&WAITING);
        if let Some(place) = waiting.iter().position(|plugin| *plugin == self.0) {
            waiting.swap_remove(place);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Proves X5: a runtime of two workers keeps one of them free, one of a single worker has it shared, and runtimes do not share permits.
    #[test]
    fn a_worker_stays_free() {
        let built = |workers| {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(workers).build().unwrap()
        };
        let runtimes = [built(1), built(2), built(4)];
        let permits = runtimes.each_ref().map(|runtime| {
            let _entered = runtime.enter();
            assert!(Arc::ptr_eq(&permits(), &permits()));
            permits()
        });
        let free = permits
            .each_ref()
            .map(|permits| permits.available_permits());
        assert_eq!(free, [1, 1, 3]);
    }

    /// Proves O6: what calls of the same plugin keep waiting is its own doing.
    #[test]
    fn a_plugin_is_not_among_its_others() {
        let id = |id: &str| id.parse::<PluginId>().unwrap();
        let [one, two] = ["gate-one", "gate-two"].map(id);
        let first = Waits::begin(one.clone());
        assert_eq!(first.of_others(), 0);
        let others: Vec<_> = (0..3).map(|_| Waits::begin(two.clone())).collect();
        assert_eq!(first.of_others(), 750);
        drop(others);
        let again = Waits::begin(one);
        assert_eq!(again.of_others(), 0);
    }
}
