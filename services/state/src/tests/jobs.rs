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

/// Proves C6: a plugin cannot have more than 1,000 jobs waiting or running; when one is finished, there is room for another.
#[tokio::test]
async fn unfinished_jobs_are_limited() {
    let store = filled(Options::default()).await;
    for hundred in 0..10 {
        let jobs = (0..100).map(|number| submit("p1", &format!("{hundred}-{number}")));
        commit(&store, &[], jobs.collect()).await.unwrap();
    }
    let over = Err(CommitError::OverQuota);
    assert_eq!(commit(&store, &[], vec![submit("p1", "more")]).await, over);
    commit(&store, &[], vec![set_flag("k", json!(1))])
        .await
        .unwrap();
    let job = store.take_job().await.unwrap().unwrap();
    assert_eq!(commit(&store, &[], vec![submit("p1", "more")]).await, over);
    store
        .finish_job(&job.plugin, &job.id, JobState::Failed)
        .await
        .unwrap();
    let two = ["more", "yet more"].map(|job| submit("p1", job));
    assert_eq!(commit(&store, &[], two.into()).await, over);
    commit(&store, &[], vec![submit("p1", "more")])
        .await
        .unwrap();
    assert_sound(&store).await;
}

/// Proves C6: beyond 10,000 jobs of a plugin, those go that have been finished longest.
#[tokio::test]
async fn finished_jobs_make_place_for_new_ones() {
    let hand = Hand::default();
    let store = filled(hand.options()).await;
    let name = |round, number| format!("{round}-{number}");
    for round in 0..10 {
        let jobs = (0..1_000).map(|number| submit("p1", &name(round, number)));
        commit(&store, &[], jobs.collect()).await.unwrap();
        let finish = (0..1_000).map(|_| async {
            let job = store.take_job().await.unwrap().unwrap();
            let done = JobState::Done(String::new());
            store.finish_job(&job.plugin, &job.id, done).await.unwrap()
        });
        for finished in finish {
            assert!(finished.await);
        }
        hand.pass(1);
    }
    let here = || Subject::world("a").session("s");
    let oldest = read(&store, "p1", here(), "0-0").await;
    assert_eq!(oldest, Ok(JobState::Done(String::new())));
    let three = ["x", "y", "z"].map(|job| submit("p1", job));
    commit(&store, &[], three.into()).await.unwrap();
    let counts = JobCounts {
        queued: 3,
        done: 9_997,
        ..JobCounts::default()
    };
    assert_eq!(store.job_counts(), counts);
    let oldest = read(&store, "p1", here(), "0-0").await;
    assert_eq!(oldest, Err(PortError::NotFound));
    assert!(read(&store, "p1", here(), "1-0").await.is_ok());
    assert_sound(&store).await;
}

/// Proves C6: a job that was taken for somebody who is gone waits again, whether the writer comes before or after.
#[tokio::test]
async fn a_job_that_nobody_takes_goes_back() {
    let store = filled(Options::default()).await;
    commit(&store, &[], vec![submit("p1", "one")])
        .await
        .unwrap();
    for after in [false, true] {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let held = store.transact("hold", move |_| {
            let _released = held.recv();
            Ok::<_, Infallible>(())
        });
        let mut taking = Box::pin(store.take_job());
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(taking.as_mut().poll(cx)));
        assert!(polled.await.is_pending());
        if after {
            drop(hold);
            store.flush().await.unwrap();
            assert_eq!(store.job_counts().running, 1);
            drop(taking);
        } else {
            drop(taking);
            drop(hold);
        }
        held.await.unwrap();
        // The first flush sees the job taken, the second sees it put back.
        store.flush().await.unwrap();
        store.flush().await.unwrap();
        assert_eq!(store.job_counts().queued, 1, "{after}");
    }
    assert_eq!(store.take_job().await.unwrap().unwrap().attempt, 3);
}
