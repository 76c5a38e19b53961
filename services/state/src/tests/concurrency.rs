use super::*;

/// Proves C3: of 16 tasks that read, add and write, no addition is lost; and nobody sees half of a commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sums_are_exact() {
    const TASKS: u64 = 16;
    const EACH: u64 = 25;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let store = Store::open(&path, Options::default()).unwrap();
    fill(&store).await;
    let increment = async |store: &Store| loop {
        let (version, value) = flag(store, "p1", "n").await;
        let next = value.and_then(|value| value.as_u64()).unwrap_or(0) + 1;
        let writes = vec![
            set_flag("n", json!(next)),
            set_flag("twice", json!(next * 2)),
            put_kv("n", json!(next), None),
        ];
        match commit(store, &[(session("a", "s"), version)], writes).await {
            Ok(()) => return,
            Err(error) => assert_eq!(error, CommitError::Conflict),
        }
    };
    let tasks = (0..TASKS).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..EACH {
                increment(&store).await;
                let (n, twice) = store
                    .look("a", |world| {
                        let flags = &world.sessions["s"].value.flags["p1"];
                        (
                            flags["n"].as_u64().unwrap(),
                            flags["twice"].as_u64().unwrap(),
                        )
                    })
                    .unwrap();
                assert_eq!(twice, n * 2);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(flag(&store, "p1", "n").await.1, Some(json!(TASKS * EACH)));
    let report = assert_sound(&store).await;
    assert_eq!(report.revision, TASKS * EACH + 1);
    drop(store);
    let store = Store::open(&path, Options::default()).unwrap();
    assert_eq!(flag(&store, "p1", "n").await.1, Some(json!(TASKS * EACH)));
}
