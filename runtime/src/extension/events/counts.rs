//! What became of events, counted while they pass.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// What became of the events of one handler.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) handled: Count,
    pub(super) failed: Count,
    pub(super) skipped: Count,
    pub(super) dropped: Count,
}

/// A number that others read while it grows.
#[derive(Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many events were taken from all queues, and how many of these were done with.
#[derive(Default)]
pub(super) struct Progress {
    begun: AtomicU64,
    ended: AtomicU64,
    ending: Notify,
}

/// The numbers at one moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Passed {
    begun: u64,
    ended: u64,
}

impl Progress {
    pub(super) fn begin(&self) -> Passing<'_> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        Passing(self)
    }

    pub(super) fn now(&self) -> Passed {
        // In this order: what began between the two counts as running.
        let ended = self.ended.load(Ordering::SeqCst);
        let begun = self.begun.load(Ordering::SeqCst);
        Passed { begun, ended }
    }

    /// Waits until an event is done with, or until there is none to wait for.
    pub(super) async fn wait(&self) {
        let ending = self.ending.notified();
        if self.now().is_running() {
            ending.await;
        }
    }
}

impl Passed {
    /// Whether a handler runs.
    pub(super) fn is_running(self) -> bool {
        self.begun != self.ended
    }
}

/// An event that was taken from its queue. Dropped when it is done with, whatever became of it.
pub(super) struct Passing<'a>(&'a Progress);

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
        self.0.ending.notify_waiters();
    }
}
