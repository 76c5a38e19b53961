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
    /// `None` only while it is dropped.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Threads {
    /// Waits until nothing goes on in a thread. Whoever came first goes first.
    pub(crate) async fn alone(&self, thread: &str) -> Alone<'_> {
        let turn = {
            let mut threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(threads.entry(thread.to_owned()).or_default())
        };
        Alone {
            threads: self,
            thread: thread.to_owned(),
            turn: Some(turn.lock_owned().await),
        }
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
