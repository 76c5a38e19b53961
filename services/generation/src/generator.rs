//! Takes jobs from the store, asks the provider, and stores what came of it.

use std::sync::Arc;
use std::time::Duration;

use portcullis::capability::port::JobState;
use portcullis_state::{Job, Store};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::provider::{Provider, ProviderError};

/// The longest wait between two attempts, whatever a provider asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A result of more characters is cut: it is read by plugins, whose crossings have limits.
const MAX_TEXT_CHARS: usize = 64 * 1024;

/// How jobs are worked on.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many jobs are under way at once. Default 4.
    pub at_once: usize,
    /// How often a job is tried before it has failed for good. Default 5. A restart of the host counts as another try.
    pub attempts: u32,
    /// How long to wait after the first attempt that failed; twice as long after each further one. Default 1 second.
    pub backoff: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            at_once: 4,
            attempts: 5,
            backoff: Duration::from_secs(1),
        }
    }
}

/// What came of jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Jobs that have their text.
    pub done: u64,
    /// Jobs that failed for good.
    pub failed: u64,
}

/// Works on the generation jobs of a store.
#[derive(Clone)]
pub struct Generator {
    store: Store,
    provider: Arc<dyn Provider>,
    options: Options,
}

impl Generator {
    /// A generator that does nothing until it is told to. A store should have one.
    pub fn new(store: Store, provider: impl Provider, options: Options) -> Self {
        Self {
            store,
            provider: Arc::new(provider),
            options,
        }
    }

    /// Works until no job waits. For hosts whose time is their own, such as a simulation that is to run the same each time: jobs are
    /// worked on in the order in which they were submitted, one after another.
    pub async fn drain(&self) -> Progress {
        let mut progress = Progress::default();
        while let Some(job) = self.take().await {
            progress.count(&self.work(job).await);
        }
        progress
    }

    /// Works in the background until it is stopped. Needs a tokio runtime.
    pub fn start(self) -> Running {
        let (stop, stopped) = watch::channel(false);
        Running {
            stop,
            work: tokio::spawn(self.run(stopped)),
        }
    }

    async fn run(self, mut stopped: watch::Receiver<bool>) -> Progress {
        let mut progress = Progress::default();
        let mut under_way = JoinSet::new();
        let at_once = self.options.at_once.max(1);
        loop {
            // Asked for before looking, so that a job that is submitted in between wakes it.
            let submitted = self.store.job_submitted();
            while under_way.len() < at_once && !*stopped.borrow() {
                let Some(job) = self.take().await else {
                    break;
                };
                let generator = self.clone();
                under_way.spawn(async move { generator.work(job).await });
            }
            if *stopped.borrow() && under_way.is_empty() {
                return progress;
            }
            tokio::select! {
                Some(state) = under_way.join_next(), if !under_way.is_empty() => {
                    // A task that panicked leaves its job as running; it is tried again after a restart.
                    if let Ok(state) = state {
                        progress.count(&state);
                    }
                }
                () = submitted, if under_way.len() < at_once => {}
                changed = stopped.changed(), if !*stopped.borrow() => {
                    if changed.is_err() {
                        // Whoever could stop it is gone: stop.
                        return self.finish(under_way, progress).await;
                    }
                }
            }
        }
    }

    async fn finish(&self, mut under_way: JoinSet<JobState>, mut progress: Progress) -> Progress {
        while let Some(state) = under_way.join_next().await {
            if let Ok(state) = state {
                progress.count(&state);
            }
        }
        progress
    }

    /// The job that waits longest. A store that fails is asked again when the next job is submitted.
    async fn take(&self) -> Option<Job> {
        self.store.take_job().await.unwrap_or_else(|error| {
            tracing::error!(%error, "no generation job could be taken");
            None
        })
    }

    /// Works on one job until it is done or has failed for good.
    async fn work(&self, job: Job) -> JobState {
        let state = self.attempt(&job).await;
        let finished = self.store.finish_job(&job.plugin, &job.id, state.clone());
        if let Err(error) = finished.await {
            tracing::error!(job = %job.id, plugin = %job.plugin, %error, "a generated text could not be stored");
        }
        state
    }

    async fn attempt(&self, job: &Job) -> JobState {
        let mut wait = self.options.backoff;
        for attempt in job.attempt..=self.options.attempts.max(job.attempt) {
            let why = match self.provider.generate(&job.request).await {
                Ok(text) => return JobState::Done(text.chars().take(MAX_TEXT_CHARS).collect()),
                Err(ProviderError::Never(why)) => why,
                Err(ProviderError::Later { after, .. }) if attempt < self.options.attempts => {
                    tokio::time::sleep(after.unwrap_or(wait).min(LONGEST_WAIT)).await;
                    wait = wait.saturating_mul(2);
                    continue;
                }
                Err(ProviderError::Later { why, .. }) => format!("{why} ({attempt} attempts)"),
            };
            tracing::warn!(job = %job.id, plugin = %job.plugin, why, "text generation failed");
            break;
        }
        JobState::Failed
    }
}

impl Progress {
    fn count(&mut self, state: &JobState) {
        match state {
            JobState::Done(_) => self.done += 1,
            _ => self.failed += 1,
        }
    }
}

/// A generator at work.
pub struct Running {
    stop: watch::Sender<bool>,
    work: JoinHandle<Progress>,
}

impl Running {
    /// Takes no more jobs, waits for those under way, and tells what came of all. Dropping it instead does the same without waiting.
    pub async fn stop(self) -> Progress {
        // It fails only if the work has ended already.
        let _told = self.stop.send(true);
        self.work.await.unwrap_or_default()
    }
}
