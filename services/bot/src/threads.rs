//! One message of a thread at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// The threads in which something goes on.
#[derive(Default)]
pub(crate) struct Threads(Mutex<HashMap<String, Arc<Turn<()>>>>);

/// That nothing else goes on in a thread.
pub(crate) struct Alone<'a> {
    threads: &'a Threads,
    thread: String,
    /// `None` only while it waits, and while it is dropped.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Threads {
    /// Waits until nothing goes on in a thread. Whoever came first goes first.
    pub(crate) async fn alone(&self, thread: &str) -> Alone<'_> {
        let turn = self.turn(thread, usize::MAX);
        self.wait(thread, turn.unwrap_or_default()).await
    }

    /// The same, unless so many wait there already.
    pub(crate) async fn alone_among(&self, thread: &str, most: usize) -> Option<Alone<'_>> {
        let turn = self.turn(thread, most)?;
        Some(self.wait(thread, turn).await)
    }

    fn turn(&self, thread: &str, most: usize) -> Option<Arc<Turn<()>>> {
        let mut threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = threads.entry(thread.to_owned()).or_default();
        // One copy is the map's, and one has whoever is at work.
        (Arc::strong_count(turn).saturating_sub(2) < most).then(|| Arc::clone(turn))
    }

    async fn wait(&self, thread: &str, turn: Arc<Turn<()>>) -> Alone<'_> {
        let mut alone = Alone {
            threads: self,
            thread: thread.to_owned(),
            turn: None,
        };
        // If this is dropped while it waits, what is there of it already tidies up.
        alone.turn = Some(turn.lock_owned().await);
        alone
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        drop(self.turn.take());
        let threads = &self.threads.0;
        let mut threads = threads.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever waits holds a copy; one is made only under the lock.
        let is_quiet = |turn: &Arc<Turn<()>>| Arc::strong_count(turn) == 1;
        if threads.get(&self.thread).is_some_and(is_quiet) {
            threads.remove(&self.thread);
        }
    }
}
