use portcullis::guard::{GuardRecord, GuardState, GuardStore};

use super::*;

/// Proves O6: a restart does not forget which plugins the guard holds back.
#[tokio::test]
async fn the_guard_remembers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let store = Store::open(&path, Options::default()).unwrap();
    assert!(store.read().is_empty());
    let record = |failures_ms: Vec<u64>| GuardRecord {
        state: GuardState::Open {
            since_ms: 5,
            reason: "five failures in a minute".to_owned(),
        },
        failures_ms,
        ..GuardRecord::default()
    };
    store.write(&plugin("p1"), &record(vec![1, 2]));
    store.write(&plugin("p2"), &GuardRecord::default());
    store.write(&plugin("p1"), &record(vec![1, 2, 3]));
    let expected: std::collections::BTreeMap<_, _> = [
        (plugin("p1"), record(vec![1, 2, 3])),
        (plugin("p2"), GuardRecord::default()),
    ]
    .into();
    assert_eq!(store.read(), expected);
    store.flush().await.unwrap();
    assert_eq!(Archive::open(&path).unwrap().guard().unwrap(), expected);
    // What was not flushed is written before the store closes.
    store.write(&plugin("p2"), &record(vec![]));
    drop(store);
    let store = Store::open(&path, Options::default()).unwrap();
    assert_eq!(store.read()[&plugin("p2")], record(vec![]));
}
