//! Takes jobs from the store, asks the provider, and stores what came of it.

use std::sync::Arc;
use std::time::Duration;

use portcullis::capability::port::JobState;
use portcullis_state::Store;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle, JoinSet};

use crate::provider::Provider;
use crate::work::Stranded;

/// The longest wait between two attempts, whatever a provider asks for.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How jobs are worked on.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many jobs are under way at once. Default 4.
    pub at_once: usize,
    /// How often a job is tried before it has failed for good. Default 5. A restart of the host counts as another try.
    pub attempts: u32,
    /// How long to wait after the first attempt that failed, of the provider or of the store; twice as long after each further one. Default
    /// 1 second.
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

impl Options {
    /// How long to wait before a store that failed is asked for jobs again.
    fn pause(&self) -> Duration {
        self.backoff.clamp(Duration::from_millis(1), LONGEST_WAIT)
    }
}

/// What came of jobs, as far as it is stored.
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
    pub(crate) store: Store,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) options: Options,
    pub(crate) stranded: Stranded,
}

impl Generator {
    /// A generator that does nothing until it is told to. A store should have one.
    pub fn new(store: Store, provider: impl Provider, options: Options) -> Self {
        Self {
            store,
            provider: Arc::new(provider),
            options,
            stranded: Stranded::default(),
        }
    }

    /// Works until no job waits. For hosts whose time is their own, such as a simulation that is to run the same each time: jobs are
    /// worked on in the order in which they were submitted, one after another. It ends early if the store fails; a job whose result could
    /// not be stored waits again. If the future is dropped, the job under way waits again too.
    pub async fn drain(&self) -> Progress {
        let mut progress = Progress::default();
        while let Ok(Some(job)) = self.take().await {
            match self.work(job).await {
                Some(state) => progress.count(&state),
                None => break,
            }
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
            let mut failed = false;
            while under_way.len() < at_once && !*stopped.borrow() {
                let taken = self.take().await;
                failed = taken.is_err();
                let Ok(Some(job)) = taken else {
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
                    progress.join(state);
                }
                () = submitted, if under_way.len() < at_once => {}
                () = tokio::time::sleep(self.options.pause()), if failed => {}
                changed = stopped.changed(), if !*stopped.borrow() => {
                    if changed.is_err() {
                        // Whoever could stop it is gone: stop.
                        return self.finish(under_way, progress).await;
                    }
                }
            }
        }
    }

    async fn finish(
        &self,
        mut under_way: JoinSet<Option<JobState>>,
        mut progress: Progress,
    ) -> Progress {
        while let Some(state) = under_way.join_next().await {
            progress.join(state);
        }
        progress
    }
}

impl Progress {
    /// What was stored counts. A task that was ended has put its job back.
    fn join(&mut self, state: Result<Option<JobState>, JoinError>) {
        if let Ok(Some(state)) = state {
            self.count(&state);
        }
    }

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
