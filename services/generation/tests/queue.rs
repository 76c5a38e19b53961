//! Jobs of a store and who works on them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use portcullis::capability::port::{JobRequest, JobState};
use portcullis::identity::{CallId, Identity};
use portcullis::package::Digest;
use portcullis::write_set::{Change, Document, GenerationRequest, Write, WriteSet};
use portcullis::{Limits, PluginId, Port, Subject};
use portcullis_generation::{Generator, Options, Progress, Provider, ProviderError};
use portcullis_state::{Store, World, WorldDocument};

fn plugin() -> PluginId {
    "gossip".parse().unwrap()
}

/// A store in whose world a plugin has submitted jobs with these prompts, which are their ids too.
async fn store(prompts: &[&str]) -> Store {
    fill(Store::in_memory(Default::default()).unwrap(), prompts).await
}

async fn fill(store: Store, prompts: &[&str]) -> Store {
    let put = |tx: &mut portcullis_state::Transaction<'_>| {
        tx.put_world(World::new("w", WorldDocument::default()));
        Ok::<_, Infallible>(())
    };
    store.transact("import", put).await.unwrap();
    for prompt in prompts {
        submit(&store, prompt).await;
    }
    store
}

async fn submit(store: &Store, prompt: &str) {
    let identity = Identity {
        plugin: plugin(),
        version: "1.0.0".parse().unwrap(),
        digest: Digest::of(b""),
    };
    let request = GenerationRequest {
        prompt: prompt.to_owned(),
        system: None,
        max_tokens: 10,
    };
    let document = Document::Generation {
        plugin: plugin(),
        job: prompt.into(),
    };
    let set = WriteSet {
        call: CallId::next(),
        plugin: Arc::new(identity),
        subject: Subject::world("w"),
        reads: Default::default(),
        writes: vec![Write {
            document,
            change: Change::SubmitGeneration { request },
        }],
        kv_quota: Limits::default().kv_quota(),
    };
    store.call(set).await.unwrap();
}

async fn state(store: &Store, job: &str) -> JobState {
    let read = JobRequest::Read {
        plugin: plugin(),
        subject: Subject::world("w"),
        job: job.into(),
    };
    store.call(read).await.unwrap()
}

/// Answers with the prompt; is busy for as many requests as a prompt's number says, and refuses `never`.
#[derive(Default)]
struct Moody {
    asked: AtomicU32,
}

#[async_trait]
impl Provider for Moody {
    async fn generate(&self, request: &GenerationRequest) -> Result<String, ProviderError> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        match request.prompt.parse::<u32>() {
            Ok(busy) if asked < busy => Err(ProviderError::later("busy")),
            _ if request.prompt == "panic" => panic!("what a prompt"),
            _ if request.prompt == "wait" => std::future::pending().await,
            _ if request.prompt == "never" => Err(ProviderError::Never("refused".to_owned())),
            _ => Ok(request.prompt.clone()),
        }
    }
}

fn quick() -> Options {
    Options {
        backoff: Duration::from_millis(1),
        ..Options::default()
    }
}

/// Proves C6: a provider that is busy is asked again, up to the number of attempts; one that refuses is not.
#[tokio::test]
async fn what_may_pass_is_tried_again() {
    for (prompt, expected) in [
        ("4", JobState::Done("4".to_owned())),
        ("5", JobState::Failed),
        ("never", JobState::Failed),
    ] {
        let store = store(&[prompt]).await;
        assert_eq!(state(&store, prompt).await, JobState::Queued);
        let progress = Generator::new(store.clone(), Moody::default(), quick())
            .drain()
            .await;
        assert_eq!(progress.done + progress.failed, 1);
        assert_eq!(state(&store, prompt).await, expected, "{prompt}");
    }
}

/// Proves C6: jobs that are submitted while a generator works are worked on, and stopping waits for those under way.
#[tokio::test]
async fn jobs_come_while_it_works() {
    let store = store(&["a", "b"]).await;
    let generator = Generator::new(store.clone(), Moody::default(), quick()).start();
    for job in ["c", "d", "e"] {
        submit(&store, job).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..1_000 {
        if store.job_counts().done == 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let expected = Progress { done: 5, failed: 0 };
    assert_eq!(generator.stop().await, expected);
    submit(&store, "late").await;
    assert_eq!(state(&store, "late").await, JobState::Queued);
}

/// A store in a file with one job, and what makes it fail.
struct Failing {
    _directory: tempfile::TempDir,
    database: rusqlite::Connection,
    store: Store,
}

impl Failing {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.db");
        let store = fill(Store::open(&path, Default::default()).unwrap(), &["a"]).await;
        Self {
            database: rusqlite::Connection::open(&path).unwrap(),
            _directory: directory,
            store,
        }
    }

    /// From now on no job can be stored whose state is one of these.
    fn fail(&self, states: &str) {
        let sql = format!(
            "CREATE TRIGGER fail BEFORE INSERT ON jobs
                WHEN json_extract(NEW.document, '$.state.state') IN ({states})
                BEGIN SELECT RAISE(ABORT, 'no'); END"
        );
        self.database.execute_batch(&sql).unwrap();
    }

    fn mend(&self) {
        self.database.execute_batch("DROP TRIGGER fail").unwrap();
    }

    fn generator(&self) -> Generator {
        Generator::new(self.store.clone(), Moody::default(), quick())
    }
}

async fn until_done(store: &Store) {
    for _ in 0..1_000 {
        if store.job_counts().done == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", store.job_counts());
}

/// Proves C6: a provider that panics fails its job, and no other.
#[tokio::test]
async fn a_provider_that_panics() {
    let store = store(&["panic", "a"]).await;
    let generator = Generator::new(store.clone(), Moody::default(), quick());
    let expected = Progress { done: 1, failed: 1 };
    assert_eq!(generator.drain().await, expected);
    assert_eq!(state(&store, "panic").await, JobState::Failed);
}

/// Proves C6: a job whose generator is dropped at work waits again.
#[tokio::test]
async fn a_generator_that_is_dropped() {
    let store = store(&["wait"]).await;
    let generator = Generator::new(store.clone(), Moody::default(), quick());
    let drained = tokio::time::timeout(Duration::from_millis(50), generator.drain());
    assert!(drained.await.is_err());
    store.flush().await.unwrap();
    assert_eq!(state(&store, "wait").await, JobState::Queued);
}

/// Proves C6: a result that cannot be stored does not count, and its job waits again, at the latest when the store works again.
#[tokio::test]
async fn a_result_that_cannot_be_stored() {
    for (states, left) in [
        ("'done', 'failed'", JobState::Queued),
        ("'done', 'failed', 'queued'", JobState::Running),
    ] {
        let failing = Failing::new().await;
        let generator = failing.generator();
        failing.fail(states);
        assert_eq!(generator.drain().await, Progress::default());
        assert_eq!(state(&failing.store, "a").await, left);
        failing.mend();
        let expected = Progress { done: 1, failed: 0 };
        assert_eq!(generator.drain().await, expected);
    }
}

/// Proves C6: a store that fails for a moment costs no job its result, and needs no new job to be asked again.
#[tokio::test]
async fn a_store_that_fails_for_a_while() {
    for states in ["'running'", "'done'", "'done', 'queued'"] {
        let failing = Failing::new().await;
        failing.fail(states);
        let running = failing.generator().start();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(failing.store.job_counts().done, 0);
        failing.mend();
        until_done(&failing.store).await;
        let expected = Progress { done: 1, failed: 0 };
        assert_eq!(running.stop().await, expected, "{states}");
    }
}
