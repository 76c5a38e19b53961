//! How many calls of handlers run at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Semaphore, SemaphorePermit};

/// The turns of all handlers and plugins. They outlive the pumps: one that has begun again takes turns with the call of the one before it.
#[derive(Default)]
pub(super) struct AllTurns(Mutex<BTreeMap<String, Weak<Semaphore>>>);

/// Whose turn it is among the calls that one handler's pumps make.
pub(super) struct Turns {
    /// One at a time, in the order of their events.
    of_handler: Arc<Semaphore>,
    of_plugin: Arc<Semaphore>,
}

impl AllTurns {
    /// Those of a handler, and of its plugin, of which so many run at once. Neither's name can be the other's: one has a colon in it.
    pub(super) fn of(&self, handler: &str, plugin: &str, at_once: u32) -> Turns {
        let wide = usize::try_from(at_once).unwrap_or(usize::MAX);
        Turns {
            of_handler: self.named(handler, 1),
            of_plugin: self.named(plugin, wide.clamp(1, Semaphore::MAX_PERMITS)),
        }
    }

    fn named(&self, name: &str, at_once: usize) -> Arc<Semaphore> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turns) = all.get(name).and_then(Weak::upgrade) {
            return turns;
        }
        all.retain(|_, turns| turns.strong_count() > 0);
        let turns = Arc::new(Semaphore::new(at_once));
        all.insert(name.to_owned(), Arc::downgrade(&turns));
        turns
    }
}

impl Turns {
    /// Waits for a turn, which lasts until it is dropped. It is never refused: nobody closes a semaphore here.
    pub(super) async fn take(&self) -> [Option<SemaphorePermit<'_>>; 2] {
        // The handler's own first: who waits for it takes none of its plugin's.
        let own = self.of_handler.acquire().await.ok();
        [own, self.of_plugin.acquire().await.ok()]
    }
}
