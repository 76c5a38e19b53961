use portcullis::capability::PortError;
use portcullis::capability::port::{JobRequest, JobState};
use portcullis::write_set::GenerationRequest;

use super::*;

fn submit(of: &str, job: &str) -> Write {
    let request = GenerationRequest {
        prompt: format!("say {job}"),
        system: None,
        max_tokens: 5,
    };
    let document = Document::Generation {
        plugin: plugin(of),
        job: job.into(),
    };
    write(document, Change::SubmitGeneration { request })
}

async fn read(store: &Store, of: &str, subject: Subject, job: &str) -> Result<JobState, PortError> {
    let request = JobRequest::Read {
        plugin: plugin(of),
        subject,
        job: job.into(),
    };
    ask(store, request).await
}

/// Proves C6: a job is queued by the commit, taken once, finished, and read only where it was submitted.
#[tokio::test]
async fn a_job_from_its_commit_to_its_text() {
    let store = filled(Options::default()).await;
    let here = || Subject::world("a").session("s");
    let submitted = store.job_submitted();
    commit(
        &store,
        &[],
        vec![submit("p1", "one"), set_flag("k", json!(1))],
    )
    .await
    .unwrap();
    commit(&store, &[], vec![submit("p1", "two")])
        .await
        .unwrap();
    submitted.await;
    for bad in [submit("p1", "one"), submit("p2", "one")] {
        let done = commit(&store, &[], vec![set_flag("k", json!(2)), bad]).await;
        assert_eq!(done, Err(CommitError::Failed));
    }
    assert_eq!(
        read(&store, "p1", here(), "one").await,
        Ok(JobState::Queued)
    );
    for (of, subject, job) in [
        ("p2", here(), "one"),
        ("p1", Subject::world("b").session("s"), "one"),
        ("p1", Subject::world("a").session("t"), "one"),
        ("p1", Subject::world("a"), "one"),
        ("p1", Subject::none(), "one"),
        ("p1", here(), "three"),
    ] {
        assert_eq!(
            read(&store, of, subject, job).await,
            Err(PortError::NotFound)
        );
    }
    let (first, second, none) = tokio::join!(store.take_job(), store.take_job(), store.take_job());
    let (first, second) = (first.unwrap().unwrap(), second.unwrap().unwrap());
    assert_eq!(none.unwrap(), None);
    assert_eq!((&*first.id, &*second.id), ("one", "two"));
    assert_eq!(
        (first.attempt, first.request.prompt.as_str()),
        (1, "say one")
    );
    assert_eq!(first.subject, here());
    let p1 = plugin("p1");
    assert!(
        !store
            .finish_job(&p1, "one", JobState::Running)
            .await
            .unwrap()
    );
    let done = JobState::Done("hello".to_owned());
    assert!(store.finish_job(&p1, "one", done.clone()).await.unwrap());
    assert!(
        !store
            .finish_job(&p1, "one", JobState::Failed)
            .await
            .unwrap()
    );
    assert_eq!(read(&store, "p1", here().npc("n"), "one").await, Ok(done));
    let submitted = store.job_submitted();
    assert!(store.retry_job(&p1, "two").await.unwrap());
    submitted.await;
    assert_eq!(store.take_job().await.unwrap().unwrap().attempt, 2);
    let counts = JobCounts {
        running: 1,
        done: 1,
        ..JobCounts::default()
    };
    assert_eq!(store.job_counts(), counts);
    assert_sound(&store).await;
}

/// Proves C6: a job that was running when the host ended runs again; one that is finished stays for 30 days.
#[tokio::test]
async fn jobs_outlive_the_host() {
    let (hand, directory) = (Hand::default(), tempfile::tempdir().unwrap());
    let path = directory.path().join("x.db");
    let p1 = plugin("p1");
    let store = Store::open(&path, hand.options()).unwrap();
    let jobs = ["one", "two"].map(|job| submit("p1", job));
    fill(&store).await;
    commit(&store, &[], jobs.into()).await.unwrap();
    store.take_job().await.unwrap();
    store.take_job().await.unwrap();
    store
        .finish_job(&p1, "one", JobState::Failed)
        .await
        .unwrap();
    drop(store);
    let store = Store::open(&path, hand.options()).unwrap();
    let job = store.take_job().await.unwrap().unwrap();
    assert_eq!((&*job.id, job.attempt), ("two", 2));
    hand.pass(30 * DAY_MS + 1);
    store.sweep().await;
    let here = Subject::world("a").session("s");
    assert_eq!(
        read(&store, "p1", here.clone(), "one").await,
        Err(PortError::NotFound)
    );
    assert_eq!(read(&store, "p1", here, "two").await, Ok(JobState::Running));
    assert_sound(&store).await;
}
