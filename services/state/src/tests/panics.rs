use std::sync::atomic::AtomicBool;

use portcullis::event::{Event, EventKind, EventSink};

use super::*;

/// A clock that is broken for a while.
#[derive(Clone, Default)]
struct Broken(Arc<AtomicBool>);

impl Clock for Broken {
    fn now_ms(&self) -> u64 {
        assert!(!self.0.load(Ordering::Relaxed), "the clock is broken");
        7
    }
}

/// What panics once more when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("dropped");
        }
    }
}

async fn works(store: &Store, value: u64) {
    commit(store, &[], vec![set_flag("k", json!(value))])
        .await
        .unwrap();
    assert_eq!(flag(store, "p1", "k").await.1, Some(json!(value)));
    store.sweep().await;
    assert_sound(store).await;
}

/// Proves C3: while the host's clock panics, time stands still, and nothing else does.
#[tokio::test]
async fn a_clock_that_panics() {
    let clock = Broken::default();
    let options = Options {
        clock: SharedClock::new(clock.clone()),
        ..Options::default()
    };
    let store = filled(options).await;
    clock.0.store(true, Ordering::Relaxed);
    works(&store, 1).await;
    assert_eq!(all_history(&store).await.last().unwrap().at_ms, 7);
    clock.0.store(false, Ordering::Relaxed);
    works(&store, 2).await;
}

/// Proves C3: a question that panics fails alone, on the writer and beside it.
#[tokio::test]
async fn a_question_that_panics() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let store = Store::open(&path, Options::default()).unwrap();
    fill(&store).await;
    let queried = store.query::<()>(|_| panic!("what a question")).await;
    assert!(matches!(queried, Err(ReadError::Stopped)), "{queried:?}");
    let read = store.query_aside::<()>(|_| panic!("what a question")).await;
    assert!(matches!(read, Err(ReadError::Stopped)), "{read:?}");
    works(&store, 1).await;
}

/// Proves C3: whatever panics in the writer, the store goes on with what is on disk.
#[tokio::test]
async fn a_writer_that_panics() {
    let store = filled(Options::default()).await;
    let before = state(&store);
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = store.transact("hold", move |_| {
        let _released = held.recv();
        Ok::<_, Infallible>(())
    });
    let bad = store.transact::<(), Infallible, _>("bomb", |tx| {
        tx.remove_world("a");
        std::panic::panic_any(Bomb)
    });
    let along = store.call(write_set(&[], vec![set_flag("k", json!(1))]));
    store.event(&Event {
        at_ms: 1,
        kind: EventKind::Failed,
        plugin: identity("p1"),
        call: None,
        message: String::new(),
    });
    drop(hold);
    held.await.unwrap_or(());
    assert_eq!(bad.await, Err(TransactError::Failed));
    // It may have come in the same batch or in the next.
    if along.await.is_err() {
        assert_eq!(state(&store), before);
    }
    // Events and guard records may have gone along.
    let _lost = store.flush().await;
    works(&store, 2).await;
}

/// Proves that a long question does not hold changes up where the store is a file.
#[tokio::test]
async fn questions_hold_nothing_up() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let store = Store::open(&path, Options::default()).unwrap();
    fill(&store).await;
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let (began, begun) = tokio::sync::oneshot::channel();
    let asking = tokio::spawn({
        let store = store.clone();
        async move {
            let long = move |connection: &rusqlite::Connection| {
                let _gone = began.send(());
                let _released = held.recv();
                crate::check::run(connection)
            };
            store.query_aside(long).await
        }
    });
    begun.await.unwrap();
    works(&store, 1).await;
    drop(hold);
    let report = asking.await.unwrap().unwrap();
    assert!(report.is_sound() && report.revision == 2, "{report:?}");
}

/// Asks for another change each time that it is asked for the time, a few times.
#[derive(Clone, Default)]
struct Busy {
    store: Arc<std::sync::Mutex<Option<Store>>>,
    left: Arc<AtomicU64>,
}

impl Clock for Busy {
    fn now_ms(&self) -> u64 {
        let some_left = |left: u64| left.checked_sub(1);
        let left = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, some_left);
        let store = self.store.lock().unwrap().clone();
        if let (Some(store), Ok(_)) = (store, left) {
            drop(store.call(write_set(&[], vec![set_flag("k", json!(1))])));
        }
        1_000
    }
}

/// Proves that a sweep with much to remove serves others after each step.
#[tokio::test]
async fn a_sweep_does_not_keep_others_waiting() {
    let clock = Busy::default();
    let options = Options {
        clock: SharedClock::new(clock.clone()),
        ..Options::default()
    };
    let store = filled(options).await;
    let keys = |tx: &mut Transaction<'_>| {
        for number in 0..20_001 {
            let entry = portcullis::capability::port::KvEntry {
                value: Value::Null,
                expires_ms: Some(1),
            };
            tx.put_kv(&plugin("p1"), &format!("{number:05}"), entry);
        }
        Ok::<_, Infallible>(())
    };
    store.transact("import", keys).await.unwrap();
    *clock.store.lock().unwrap() = Some(store.clone());
    // The sweep's own batch and its first step.
    clock.left.store(2, Ordering::Relaxed);
    store.sweep().await;
    *clock.store.lock().unwrap() = None;
    let history = all_history(&store).await;
    let who = history.iter().skip_while(|entry| entry.revision < 3);
    let mut steps: Vec<_> = who
        .map(|entry| matches!(entry.actor, Actor::Host { .. }))
        .collect();
    steps.dedup();
    assert_eq!(steps, [true, false, true], "swept, served, swept");
    assert_sound(&store).await;
}
