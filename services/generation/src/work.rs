//! The way of one job: taken, asked for, stored. Wherever it ends, the job is not left as running.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use portcullis::PluginId;
use portcullis::capability::port::JobState;
use portcullis_state::{Job, Store};

use crate::generator::{Generator, LONGEST_WAIT};
use crate::provider::ProviderError;

/// A result of more characters is cut: it is read by plugins, whose crossings have limits.
const MAX_TEXT_CHARS: usize = 64 * 1024;
/// How often it is tried to store what came of a job. After that it is put back, and generated anew when the store works again.
const STORE_ATTEMPTS: u32 = 4;

/// Jobs that could be neither finished nor put back, because the store failed. They are put back before the next job is taken.
#[derive(Clone, Default)]
pub(crate) struct Stranded(Arc<Mutex<Vec<JobName>>>);

/// A job's plugin and its id.
type JobName = (PluginId, Arc<str>);

impl Stranded {
    fn add(&self, plugin: &PluginId, job: &Arc<str>) {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.push((plugin.clone(), job.clone()));
    }

    fn last(&self) -> Option<JobName> {
        let jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.last().cloned()
    }

    fn remove(&self, of: &PluginId, id: &str) {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.retain(|(plugin, job)| plugin != of || **job != *id);
    }
}

/// Puts a job back if it is dropped before something came of the job.
struct UnderWay<'a> {
    store: &'a Store,
    job: &'a Job,
    over: bool,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if !self.over {
            // It is sent at once; nobody is left to wait for it.
            drop(self.store.retry_job(&self.job.plugin, &self.job.id));
        }
    }
}

impl Generator {
    /// The job that waits longest.
    ///
    /// # Errors
    /// The store failed; the log has the reason.
    pub(crate) async fn take(&self) -> Result<Option<Job>, ()> {
        while let Some((plugin, job)) = self.stranded.last() {
            let put_back = self.store.retry_job(&plugin, &job).await;
            put_back.map_err(|error| {
                tracing::error!(%job, %plugin, %error, "a generation job could not be put back");
            })?;
            self.stranded.remove(&plugin, &job);
        }
        self.store.take_job().await.map_err(|error| {
            tracing::error!(%error, "no generation job could be taken");
        })
    }

    /// Works on one job until it is done or has failed for good; `None` if that could not be stored.
    pub(crate) async fn work(&self, job: Job) -> Option<JobState> {
        let mut under_way = UnderWay {
            store: &self.store,
            job: &job,
            over: false,
        };
        let state = self.attempt(&job).await;
        let stored = self.keep(&job, &state).await;
        under_way.over = true;
        stored.then_some(state)
    }

    /// Stores what came of a job, or puts it back; whether it is stored.
    async fn keep(&self, job: &Job, state: &JobState) -> bool {
        let mut wait = self.options.backoff;
        for attempt in 1..=STORE_ATTEMPTS {
            let finished = self.store.finish_job(&job.plugin, &job.id, state.clone());
            match finished.await {
                Ok(stored) => return stored,
                Err(error) => {
                    tracing::error!(job = %job.id, plugin = %job.plugin, attempt, %error, "a generated text could not be stored");
                }
            }
            if attempt < STORE_ATTEMPTS {
                tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
                wait = wait.saturating_mul(2);
            }
        }
        if self.store.retry_job(&job.plugin, &job.id).await.is_err() {
            self.stranded.add(&job.plugin, &job.id);
        }
        false
    }

    async fn attempt(&self, job: &Job) -> JobState {
        let mut wait = self.options.backoff;
        for attempt in job.attempt..=self.options.attempts.max(job.attempt) {
            let asked = caught(async { self.provider.generate(&job.request).await });
            let why = match asked.await {
                Some(Ok(text)) => {
                    return JobState::Done(text.chars().take(MAX_TEXT_CHARS).collect());
                }
                Some(Err(ProviderError::Never(why))) => why,
                Some(Err(ProviderError::Later { after, .. }))
                    if attempt < self.options.attempts =>
                {
                    tokio::time::sleep(after.unwrap_or(wait).min(LONGEST_WAIT)).await;
                    wait = wait.saturating_mul(2);
                    continue;
                }
                Some(Err(ProviderError::Later { why, .. })) => {
                    format!("{why} ({attempt} attempts)")
                }
                None => "the provider panicked".to_owned(),
            };
            tracing::warn!(job = %job.id, plugin = %job.plugin, why, "text generation failed");
            break;
        }
        JobState::Failed
    }
}

/// Waits for a future of somebody else's; `None` if it panicked.
async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let poll = poll_fn(|context| {
        let poll = AssertUnwindSafe(|| future.as_mut().poll(context));
        match catch_unwind(poll) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    });
    poll.await
}
