//! Who works on text generation jobs asks the store here.

use std::convert::Infallible;
use std::future::Future;

use portcullis::PluginId;
use portcullis::capability::port::JobState;
use tokio::sync::futures::Notified;

use crate::content::Content;
use crate::error::TransactError;
use crate::item::Item;
use crate::job::{Job, JobCounts, JobDocument};
use crate::store::{Store, WeakStore};
use crate::writer::{Overlay, Transaction};

/// What the history calls changes made here.
const ACTOR: &str = "generation";

impl Store {
    /// Takes the job that waits longest, and marks it as running; `None` if none waits. A job that was taken when the host ended waits again
    /// after the next start, so it may run twice. One that was taken by a future that was dropped before it was ready is put back.
    ///
    /// # Errors
    /// The store failed; nothing was taken.
    pub async fn take_job(&self) -> Result<Option<Job>, TransactError<Infallible>> {
        let store = self.downgrade();
        let take = move |transaction: &mut Transaction<'_>| {
            let job = take(transaction);
            Ok(Taken { store, job })
        };
        let mut taken = self.transact(ACTOR, take).await?;
        Ok(taken.job.take())
    }

    /// Gives a job that was taken its result, [`JobState::Done`] or [`JobState::Failed`]. False if it is not running, or if the state is
    /// neither. Like all changes it is made even if the future is dropped.
    ///
    /// # Errors
    /// The store failed; the job is still running.
    pub fn finish_job(
        &self,
        plugin: &PluginId,
        job: &str,
        state: JobState,
    ) -> impl Future<Output = Result<bool, TransactError<Infallible>>> + Send + use<> {
        let is_result = !matches!(state, JobState::Queued | JobState::Running);
        let left = is_result.then(|| self.leave(plugin, job, state));
        async move {
            match left {
                Some(left) => left.await,
                None => Ok(false),
            }
        }
    }

    /// Puts a job that was taken back in the queue, at its old place. Whoever does so waits before the next try. False if it is not running.
    /// Like all changes it is made even if the future is dropped.
    ///
    /// # Errors
    /// The store failed; the job is still running.
    pub fn retry_job(
        &self,
        plugin: &PluginId,
        job: &str,
    ) -> impl Future<Output = Result<bool, TransactError<Infallible>>> + Send + use<> {
        self.leave(plugin, job, JobState::Queued)
    }

    /// Wakes when jobs were queued after this was called. Call it, then take jobs until there are none, then wait: no job is missed.
    pub fn job_submitted(&self) -> Notified<'_> {
        self.shared().submitted.notified()
    }

    /// How many jobs there are of each state.
    pub fn job_counts(&self) -> JobCounts {
        self.shared().read().job_counts()
    }

    fn leave(
        &self,
        plugin: &PluginId,
        job: &str,
        state: JobState,
    ) -> impl Future<Output = Result<bool, TransactError<Infallible>>> + Send + use<> {
        let item = Item::generation(plugin, job);
        let leave = move |transaction: &mut Transaction<'_>| {
            let now_ms = transaction.now_ms();
            let leave = |job: &mut JobDocument| {
                let running = job.state == JobState::Running;
                if running {
                    job.finished_ms = (state != JobState::Queued).then_some(now_ms);
                    job.state = state;
                }
                running
            };
            Ok(edit(&mut transaction.0, &item, leave).unwrap_or(false))
        };
        self.transact(ACTOR, leave)
    }
}

/// A job on its way to whoever takes it. If nobody is there any more it goes back.
struct Taken {
    store: WeakStore,
    job: Option<Job>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        // A store that is gone puts it back when it is opened again.
        if let (Some(job), Some(store)) = (self.job.take(), self.store.upgrade()) {
            drop(store.retry_job(&job.plugin, &job.id));
        }
    }
}

fn take(transaction: &mut Transaction<'_>) -> Option<Job> {
    let overlay = &mut transaction.0;
    for (_, plugin, id) in &overlay.memory().queue {
        let item = Item::generation(plugin, id);
        let take = |job: &mut JobDocument| {
            job.state = JobState::Running;
            job.attempt = job.attempt.saturating_add(1);
            Job {
                plugin: plugin.clone(),
                id: id.clone(),
                subject: job.subject.clone(),
                request: job.request.clone(),
                attempt: job.attempt,
            }
        };
        // Another one may have taken it in the same batch.
        let waits = matches!(overlay.get(&item), Some(Content::Generation(job)) if job.value.state == JobState::Queued);
        if waits {
            return edit(overlay, &item, take);
        }
    }
    None
}

fn edit<T>(
    overlay: &mut Overlay<'_>,
    item: &Item,
    edit: impl FnOnce(&mut JobDocument) -> T,
) -> Option<T> {
    let edit = |content: &mut Content| content.job_mut().map(edit);
    overlay.edit(item, edit).flatten()
}
