//! The one thread that changes anything. What waits for it when it comes is written in one transaction: first on disk, then in memory.

mod batch;
mod bounds;
mod commit;
mod overlay;
mod prune;
mod sweep;
mod tally;
mod transaction;
mod validate;

use std::cell::Cell;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use portcullis::PluginId;
use portcullis::event::Event;
use portcullis::guard::GuardRecord;
use portcullis::write_set::{CommitError, WriteSet};
use rusqlite::Connection;
use tokio::sync::oneshot;

use batch::Batch;
pub(crate) use overlay::Overlay;
pub use transaction::Transaction;

use crate::content::Content;
use crate::error::{FlushError, InvalidDocument};
use crate::options::Options;
use crate::save::{self, SaveError};
use crate::shared::Shared;
use crate::{event, guard, history, load};

/// The most tasks of one transaction: who came first should not wait for all who came after.
const TASKS: usize = 1_000;
/// How often what is old is swept.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);
/// How soon after a sweep that left something.
const SWEEP_AGAIN: Duration = Duration::from_secs(1);

/// Why the host's change was not made, besides its own reasons.
pub(crate) enum Undone {
    Invalid(InvalidDocument),
    Failed,
}

/// What a closure of the host left: whether to keep it, and how to tell the one who waits.
pub(crate) struct Done {
    pub(crate) keep: bool,
    pub(crate) reply: Box<dyn FnOnce(Result<(), Undone>) + Send>,
}

/// A closure of the host.
pub(crate) type Work = Box<dyn FnOnce(&mut Transaction<'_>) -> Done + Send>;

pub(crate) enum Task {
    Commit {
        set: Box<WriteSet>,
        reply: oneshot::Sender<Result<(), CommitError>>,
    },
    Transact {
        actor: String,
        work: Work,
    },
    Event(Box<Event>),
    Guard(PluginId, GuardRecord),
    /// A question about what is on disk. It sees what was sent before it.
    Query(Box<dyn FnOnce(&Connection) + Send>),
    Flush(oneshot::Sender<Result<(), FlushError>>),
    Sweep(oneshot::Sender<()>),
}

fn until_next_sweep(again: bool) -> Duration {
    if again { SWEEP_AGAIN } else { SWEEP_EVERY }
}

pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) shared: Arc<Shared>,
    pub(crate) options: Options,
    /// The last time that the clock told.
    pub(crate) last_ms: Cell<u64>,
    /// Who waits for a sweep to come to its end.
    pub(crate) sweeping: Vec<oneshot::Sender<()>>,
    /// Whether events or guard records could not be written since the last flush.
    pub(crate) lost: bool,
    /// Keeps other hosts out as long as the writer lives.
    pub(crate) _lock: Option<File>,
}

impl Writer {
    /// Writes until the last store is dropped, and all that it had sent. `again` says whether the sweep at the start left something.
    pub(crate) fn run(mut self, tasks: &Receiver<Task>, again: bool) {
        let mut next_sweep = Instant::now() + until_next_sweep(again);
        loop {
            let wait = if self.sweeping.is_empty() {
                next_sweep.saturating_duration_since(Instant::now())
            } else {
                Duration::ZERO
            };
            let received = match tasks.recv_timeout(wait) {
                Ok(first) => {
                    let waiting = tasks.try_iter().take(TASKS - 1);
                    std::iter::once(first).chain(waiting).collect()
                }
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let step = AssertUnwindSafe(|| self.step(received, &mut next_sweep));
            if catch_unwind(step).is_err() && !self.recover() {
                return;
            }
        }
    }

    /// Writes what was received, and sweeps one step if it is time: others wait for no more than that.
    fn step(&mut self, received: Vec<Task>, next_sweep: &mut Instant) {
        if !received.is_empty() {
            self.write_all(received);
        }
        if self.sweeping.is_empty() && Instant::now() < *next_sweep {
            return;
        }
        let again = self.sweep();
        *next_sweep = Instant::now() + until_next_sweep(again);
        if !again {
            for reply in self.sweeping.drain(..) {
                // Whoever asked may be gone.
                let _gone = reply.send(());
            }
        }
    }

    /// Goes on after a panic: whoever waited for what was received learns that it failed, and what is on disk is what counts. False if that
    /// cannot be read; the store ends then, rather than show what is not so.
    fn recover(&mut self) -> bool {
        self.lost = true;
        tracing::error!(
            "the store's writer panicked; what it was at is undone where it was not written"
        );
        match load::all(&self.connection) {
            Ok((memory, damage)) if damage.is_empty() => {
                *self.shared.write() = memory;
                true
            }
            _ => {
                tracing::error!("the store cannot be read again, and stops");
                false
            }
        }
    }

    fn write_all(&mut self, tasks: Vec<Task>) {
        let shared = self.shared.clone();
        let mut later = Vec::new();
        let memory = shared.read();
        let mut batch = Batch::new(memory.revision, self.now_ms());
        for task in tasks {
            match task {
                Task::Commit { set, reply } => batch.commit(&memory, &set, reply),
                Task::Transact { actor, work } => batch.transact(&memory, actor, work),
                Task::Event(event) => {
                    self.shared.events_waiting.fetch_sub(1, Ordering::Relaxed);
                    batch.events.push(*event);
                }
                Task::Guard(plugin, record) => drop(batch.guard.insert(plugin, record)),
                Task::Query(_) | Task::Flush(_) | Task::Sweep(_) => later.push(task),
            }
        }
        drop(memory);
        self.write(batch);
        for task in later {
            match task {
                Task::Query(query) => {
                    let query = AssertUnwindSafe(|| query(&self.connection));
                    if catch_unwind(query).is_err() {
                        tracing::error!("a question about the database panicked");
                    }
                }
                Task::Flush(reply) => {
                    let lost = std::mem::take(&mut self.lost);
                    let _gone = reply.send(if lost { Err(FlushError) } else { Ok(()) });
                }
                Task::Sweep(reply) => self.sweeping.push(reply),
                _ => {}
            }
        }
    }

    /// The time, as far as SQLite's integers go. The clock is the host's: if it panics, time stands still.
    fn now_ms(&self) -> u64 {
        match catch_unwind(AssertUnwindSafe(|| self.options.clock.now_ms())) {
            Ok(now_ms) => self.last_ms.set(now_ms.min(i64::MAX.unsigned_abs())),
            Err(_) => tracing::error!("the store's clock panicked"),
        }
        self.last_ms.get()
    }

    /// Writes a batch, then shows it, then tells those who wait.
    fn write(&mut self, mut batch: Batch) {
        let replies = batch.take_replies();
        let written = batch.is_empty() || self.save(&batch);
        if written {
            self.publish(batch);
        } else {
            // Documents fail as a batch; events and guard records are not theirs to lose.
            batch.layer.clear();
            batch.staged.clear();
            let alone = batch.is_empty() || self.save(&batch);
            self.lost |= !alone;
        }
        Batch::reply(replies, written);
    }

    fn publish(&self, batch: Batch) {
        if batch.staged.is_empty() {
            return;
        }
        let queued = |content: &Option<Content>| match content {
            Some(Content::Generation(job)) => {
                job.value.state == portcullis::capability::port::JobState::Queued
            }
            _ => false,
        };
        let wake = batch.layer.values().any(queued);
        self.shared.write().publish(batch.layer, batch.revision);
        if wake {
            self.shared.submitted.notify_waiters();
        }
    }

    fn save(&mut self, batch: &Batch) -> bool {
        let saved = self.try_save(batch);
        if let Err(error) = &saved {
            let jobs = batch.staged.len();
            tracing::error!(jobs, "changes could not be written: {error}");
        }
        saved.is_ok()
    }

    /// All of the batch, or nothing: a transaction that is dropped is rolled back.
    fn try_save(&mut self, batch: &Batch) -> Result<(), SaveError> {
        let transaction = self.connection.transaction()?;
        if !batch.staged.is_empty() {
            save::documents(&transaction, &batch.layer)?;
            for staged in &batch.staged {
                let when = (staged.revision, batch.at_ms);
                history::write(&transaction, when, &staged.actor, &staged.rows)?;
            }
            save::counter(&transaction, "revision", batch.revision)?;
        }
        for event in &batch.events {
            event::write(&transaction, event)?;
        }
        for (plugin, record) in &batch.guard {
            guard::write(&transaction, plugin, record)?;
        }
        Ok(transaction.commit()?)
    }
}
