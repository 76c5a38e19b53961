use portcullis::event::{Event, EventKind, EventSink};

use super::*;

async fn sql(store: &Store, sql: &'static str) {
    let run = store.query(move |connection| Ok(connection.execute_batch(sql)?));
    run.await.unwrap();
}

fn event() -> Event {
    Event {
        at_ms: 1,
        kind: EventKind::Failed,
        plugin: identity("p1"),
        call: None,
        message: String::new(),
    }
}

/// Proves C3: if the disk is full, nothing of a commit is there, and the store goes on when there is room again.
#[tokio::test]
async fn a_full_disk() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let store = Store::open(&path, Options::default()).unwrap();
    fill(&store).await;
    let before = (state(&store), store.revision());
    sql(&store, "PRAGMA max_page_count = 1").await;
    let big = || vec![set_flag("k", json!("x".repeat(60_000)))];
    assert_eq!(commit(&store, &[], big()).await, Err(CommitError::Failed));
    let host = store.transact("tick", |tx| {
        tx.put_npc(
            "a",
            "big",
            NpcDocument {
                attributes: [("x".to_owned(), json!("x".repeat(60_000)))].into(),
                ..NpcDocument::default()
            },
        );
        Ok::<_, Infallible>(())
    });
    assert_eq!(host.await, Err(TransactError::Failed));
    assert_eq!((state(&store), store.revision()), before);
    assert_sound(&store).await;
    sql(&store, "PRAGMA max_page_count = 1000000").await;
    commit(&store, &[], big()).await.unwrap();
    let after = (state(&store), store.revision());
    assert_sound(&store).await;
    drop(store);
    let store = Store::open(&path, Options::default()).unwrap();
    assert_eq!((state(&store), store.revision()), after);
}

/// Proves C3: whatever fails, a statement or the commit itself, takes its batch along and nothing else; events are kept.
#[tokio::test]
async fn statements_and_commits_that_fail() {
    let statement =
        "CREATE TEMP TRIGGER fail BEFORE INSERT ON kv BEGIN SELECT RAISE(ABORT, 'no'); END";
    // A reference that leads nowhere is only found by COMMIT.
    let commits = "CREATE TABLE broken (world TEXT REFERENCES worlds (id) DEFERRABLE INITIALLY DEFERRED);
        CREATE TEMP TRIGGER fail AFTER INSERT ON kv BEGIN INSERT INTO broken VALUES ('nowhere'); END";
    for broken in [statement, commits] {
        let store = filled(Options::default()).await;
        let before = (state(&store), store.revision());
        sql(&store, broken).await;
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let held = store.transact("hold", move |_| {
            let _released = held.recv();
            Ok::<_, Infallible>(())
        });
        let fine = store.call(write_set(&[], vec![set_flag("k", json!(1))]));
        let bad = store.call(write_set(&[], vec![put_kv("k", json!(1), None)]));
        let tick = store.transact("tick", |tx| Ok::<_, Infallible>(tx.remove_world("b")));
        store.event(&event());
        drop(hold);
        // They may come in one batch or in several: what fails is `bad` and those of its batch, as a whole.
        let (fine, bad, tick) = (fine.await, bad.await, tick.await);
        held.await.unwrap_or(());
        assert_eq!(bad, Err(CommitError::Failed));
        let committed = u64::from(fine.is_ok()) + u64::from(tick.is_ok());
        assert_eq!(store.revision(), before.1 + committed);
        assert_eq!(flag(&store, "p1", "k").await.1.is_some(), fine.is_ok());
        assert_eq!(store.snapshot("b").is_none(), tick.is_ok());
        store.flush().await.unwrap();
        let events = EventQuery {
            limit: 9,
            ..EventQuery::default()
        };
        assert_eq!(store.events(&events).await.unwrap().events.len(), 1);
        sql(&store, "DROP TRIGGER fail").await;
        commit(&store, &[], vec![put_kv("k", json!(1), None)])
            .await
            .unwrap();
        assert_sound(&store).await;
    }
}

/// Proves that a flush tells of events that could not be written, once.
#[tokio::test]
async fn a_flush_tells_what_was_lost() {
    let store = filled(Options::default()).await;
    sql(
        &store,
        "CREATE TEMP TRIGGER fail BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    .await;
    store.event(&event());
    assert_eq!(store.flush().await, Err(FlushError));
    assert_eq!(store.flush().await, Ok(()));
}
