//! The store itself: a handle to what is in memory, and to the writer.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::sync::{Arc, PoisonError, Weak};
use std::thread::JoinHandle;

use portcullis::clock::SharedClock;
use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::archive;
use crate::check::{self, CheckReport};
use crate::document::World;
use crate::error::{FlushError, ReadError, TransactError};
use crate::event::{self, EventPage, EventQuery};
use crate::history::{self, HistoryEntry, HistoryQuery};
use crate::shared::Shared;
use crate::writer::{Done, Task, Transaction, Undone};

/// State that lasts: the state of a [`portcullis::Host`], where its events go, and what its crash-loop guard remembers.
///
/// A copy is cheap and means the same store. When the last is dropped, what was sent is written first. Questions are answered from memory
/// at once; changes are in the database when their future is ready, and visible from then on.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

/// A store that does not keep it open.
pub(crate) struct WeakStore(Weak<Inner>);

impl WeakStore {
    pub(crate) fn upgrade(&self) -> Option<Store> {
        self.0.upgrade().map(Store)
    }
}

struct Inner {
    shared: Arc<Shared>,
    clock: SharedClock,
    /// The database's file; `None` in memory.
    file: Option<PathBuf>,
    /// `None` only while the store is dropped.
    sender: Option<Sender<Task>>,
    writer: Option<JoinHandle<()>>,
}

impl Store {
    pub(crate) fn new(
        shared: Arc<Shared>,
        clock: SharedClock,
        file: Option<PathBuf>,
        sender: Sender<Task>,
        writer: JoinHandle<()>,
    ) -> Self {
        Self(Arc::new(Inner {
            shared,
            clock,
            file,
            sender: Some(sender),
            writer: Some(writer),
        }))
    }

    pub(crate) fn downgrade(&self) -> WeakStore {
        WeakStore(Arc::downgrade(&self.0))
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.0.clock.now_ms()
    }

    /// Hands a task to the writer. If the writer is gone the task is dropped, and whoever waits for it learns so.
    pub(crate) fn send(&self, task: Task) {
        let sent = self.0.sender.as_ref().map(|sender| sender.send(task));
        if !matches!(sent, Some(Ok(()))) {
            tracing::error!("the store's writer has stopped; a change is lost");
        }
    }

    /// The ids of the worlds, in order.
    pub fn ids(&self) -> Vec<Arc<str>> {
        self.shared().read().worlds.keys().cloned().collect()
    }

    /// A world as it is now. What has changed in the store since does not show in it.
    pub fn snapshot(&self, world: &str) -> Option<World> {
        self.look(world, World::clone)
    }

    /// Looks at a world; `None` if it is not there. Commits wait meanwhile, so be quick, and do not ask the store anything else.
    pub fn look<T>(&self, world: &str, look: impl FnOnce(&World) -> T) -> Option<T> {
        self.shared().read().worlds.get(world).map(look)
    }

    /// The ids of the workspaces, in order.
    pub fn workspaces(&self) -> Vec<Arc<str>> {
        self.shared().read().workspaces.keys().cloned().collect()
    }

    /// A workspace's document as it is now.
    pub fn workspace(&self, workspace: &str) -> Option<serde_json::Value> {
        let memory = self.shared().read();
        memory
            .workspaces
            .get(workspace)
            .map(|document| document.value.clone())
    }

    /// The number of the last commit.
    pub fn revision(&self) -> u64 {
        self.shared().read().revision
    }

    /// Makes a change of the host's own: all of what the closure does, or nothing. It is one commit however many documents it changes, and
    /// is made even if the future is dropped. `actor` says in the history what of the host it was: `tick`, `import`.
    ///
    /// The closure runs on the writer's thread, where all other changes wait for it. It must not wait for another change of the same store.
    ///
    /// # Errors
    /// The closure's own; a document that cannot be kept; the store failed.
    pub fn transact<T, E, F>(
        &self,
        actor: &str,
        work: F,
    ) -> impl Future<Output = Result<T, TransactError<E>>> + Send + use<T, E, F>
    where
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let work = Box::new(move |transaction: &mut Transaction<'_>| {
            let result = work(transaction);
            let keep = result.is_ok();
            let reply = move |written: Result<(), Undone>| {
                let result = match written {
                    Ok(()) => result.map_err(TransactError::Refused),
                    Err(Undone::Invalid(invalid)) => Err(TransactError::Invalid(invalid)),
                    Err(Undone::Failed) => Err(TransactError::Failed),
                };
                // Whoever asked may be gone.
                drop(sender.send(result));
            };
            Done {
                keep,
                reply: Box::new(reply),
            }
        });
        let actor = actor.to_owned();
        self.send(Task::Transact { actor, work });
        async move { receiver.await.unwrap_or(Err(TransactError::Failed)) }
    }

    /// A part of the history of changes, the oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn history(&self, query: &HistoryQuery) -> Result<Vec<HistoryEntry>, ReadError> {
        let query = query.clone();
        self.query_aside(move |connection| history::read(connection, &query))
            .await
    }

    /// Some events, the oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn events(&self, query: &EventQuery) -> Result<EventPage, ReadError> {
        let query = query.clone();
        self.query_aside(move |connection| event::read(connection, &query))
            .await
    }

    /// Replays the history and compares it with what is stored.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn check(&self) -> Result<CheckReport, ReadError> {
        self.query_aside(check::run).await
    }

    /// How many events were dropped since the store was opened, because too many waited to be written.
    pub fn events_dropped(&self) -> u64 {
        self.shared().events_dropped.load(Ordering::Relaxed)
    }

    /// Waits until all that was sent before is in the database: changes, events and guard records.
    ///
    /// # Errors
    /// Events or guard records sent since the last flush could not be written.
    pub async fn flush(&self) -> Result<(), FlushError> {
        let (sender, receiver) = oneshot::channel();
        self.send(Task::Flush(sender));
        receiver.await.unwrap_or(Err(FlushError))
    }

    /// Removes what is old now: expired keys, finished jobs, events and history. The store does so by itself when it is opened and every hour.
    pub async fn sweep(&self) {
        let (sender, receiver) = oneshot::channel();
        self.send(Task::Sweep(sender));
        // If the writer is gone there is nothing to sweep.
        let _swept = receiver.await;
    }

    /// Asks the database itself, and sees what was sent before. A file is read on a connection and a thread of its own, so that changes do
    /// not wait; what is in memory, and what is asked outside of a tokio runtime, on the writer's thread.
    pub(crate) async fn query_aside<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let (Some(file), Ok(runtime)) = (self.0.file.clone(), Handle::try_current()) else {
            return self.query(read).await;
        };
        self.query(|_| Ok(())).await?;
        let read = runtime.spawn_blocking(move || {
            let connection = archive::connect(&file).map_err(Box::new)?;
            read(&connection)
        });
        // It ends without a reply only if it panicked, or the runtime ended.
        read.await.unwrap_or(Err(ReadError::Stopped))
    }

    /// Asks the database itself, on the writer's thread.
    pub(crate) async fn query<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let (sender, receiver) = oneshot::channel();
        self.send(Task::Query(Box::new(move |connection| {
            drop(sender.send(query(connection)));
        })));
        receiver.await.unwrap_or(Err(ReadError::Stopped))
    }

    /// The guard's records as they were last written.
    pub(crate) fn with_guard<T>(&self, with: impl FnOnce(&mut crate::guard::Records) -> T) -> T {
        let guard = &self.shared().guard;
        with(&mut guard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.sender.take());
        let Some(writer) = self.writer.take() else {
            return;
        };
        // A closure of the host may hold the last copy: the writer cannot wait for itself.
        if writer.thread().id() != std::thread::current().id() && writer.join().is_err() {
            tracing::error!("the store's writer panicked");
        }
    }
}
