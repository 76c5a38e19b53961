use portcullis::capability::port::{KvEntry, KvPage, KvReply, KvRequest, KvUsage, Versioned};
use portcullis::write_set::KvQuota;

use super::*;

async fn get(store: &Store, of: &str, key: &str) -> Versioned<Option<KvEntry>> {
    let request = KvRequest::Get {
        plugin: plugin(of),
        key: key.into(),
    };
    match ask(store, request).await {
        Ok(KvReply::Get(entry)) => entry,
        other => panic!("{other:?}"),
    }
}

async fn list(store: &Store, prefix: &str, after: Option<&str>, limit: u32) -> (Vec<String>, bool) {
    let request = KvRequest::List {
        plugin: plugin("p1"),
        prefix: prefix.to_owned(),
        after: after.map(str::to_owned),
        limit,
    };
    match ask(store, request).await {
        Ok(KvReply::List(KvPage { keys, more })) => (keys, more),
        other => panic!("{other:?}"),
    }
}

async fn usage(store: &Store, of: &str) -> KvUsage {
    match ask(store, KvRequest::Usage { plugin: plugin(of) }).await {
        Ok(KvReply::Usage(usage)) => usage,
        other => panic!("{other:?}"),
    }
}

/// Proves C9: a plugin's keys are its own, come in the order of their bytes, page by page.
#[tokio::test]
async fn keys_are_listed_page_by_page() {
    let store = filled(Options::default()).await;
    let names = ["a", "b/1", "b/2", "b/3", "b0", "\u{e9}", "b/\0"];
    let writes = names.map(|name| put_kv(name, json!(name), None)).into();
    commit(&store, &[], writes).await.unwrap();
    let of = |keys: &[&str], more| (keys.iter().map(|key| (*key).to_owned()).collect(), more);
    assert_eq!(
        list(&store, "b/", None, 2).await,
        of(&["b/\0", "b/1"], true)
    );
    assert_eq!(
        list(&store, "b/", Some("b/1"), 2).await,
        of(&["b/2", "b/3"], false)
    );
    assert_eq!(list(&store, "b/", Some("a"), 1).await, of(&["b/\0"], true));
    assert_eq!(list(&store, "b/", Some("c"), 9).await, of(&[], false));
    assert_eq!(
        list(&store, "", Some("b0"), 9).await,
        of(&["\u{e9}"], false)
    );
    assert_eq!(list(&store, "", None, 0).await, of(&[], true));
    assert_eq!(
        get(&store, "p1", "b/1").await.value.unwrap().value,
        json!("b/1")
    );
    assert_eq!(get(&store, "p2", "b/1").await.version, 0);
    assert_eq!(usage(&store, "p2").await, KvUsage::default());
}

/// Proves C9: a key that is not there has version 0; one that was changed since it was read is not overwritten.
#[tokio::test]
async fn keys_have_versions() {
    let store = filled(Options::default()).await;
    let put = |value| vec![put_kv("k", json!(value), None)];
    commit(&store, &[(key("p1", "k"), 0)], put(1))
        .await
        .unwrap();
    let again = commit(&store, &[(key("p1", "k"), 0)], put(2)).await;
    assert_eq!(again, Err(CommitError::Conflict));
    let version = get(&store, "p1", "k").await.version;
    assert_ne!(version, 0);
    let delete = write(key("p1", "k"), Change::DeleteKv);
    commit(&store, &[(key("p1", "k"), version)], vec![delete.clone()])
        .await
        .unwrap();
    assert_eq!(
        get(&store, "p1", "k").await,
        Versioned {
            version: 0,
            value: None
        }
    );
    commit(&store, &[(key("p1", "k"), 0)], vec![delete])
        .await
        .unwrap();
    // What comes after a removal is not what was before it.
    commit(&store, &[], put(1)).await.unwrap();
    assert!(get(&store, "p1", "k").await.version > version);
    assert_sound(&store).await;
}

/// Proves C9: a quota counts keys and JSON text, holds growth back, and lets what is over it shrink.
#[tokio::test]
async fn a_quota_holds_back_what_grows() {
    let hand = Hand::default();
    let store = filled(hand.options()).await;
    let put = async |writes: Vec<Write>, bytes, keys| {
        let mut set = write_set(&[], writes);
        set.kv_quota = KvQuota { bytes, keys };
        ask(&store, set).await
    };
    let text = |length: usize| json!("x".repeat(length - 2));
    put(vec![put_kv("ab", text(8), None)], 10, 1).await.unwrap();
    assert_eq!(usage(&store, "p1").await, KvUsage { bytes: 10, keys: 1 });
    let over = Err(CommitError::OverQuota);
    assert_eq!(put(vec![put_kv("ab", text(9), None)], 10, 1).await, over);
    assert_eq!(put(vec![put_kv("c", text(2), None)], 100, 1).await, over);
    // In one commit, only what is left in the end counts.
    let exchange = vec![
        put_kv("c", text(3), None),
        write(key("p1", "ab"), Change::DeleteKv),
        put_kv("d", text(4), Some(10)),
        put_kv("e", text(3), Some(10)),
        write(key("p1", "c"), Change::DeleteKv),
    ];
    put(exchange, 10, 2).await.unwrap();
    // Under a quota that was lowered, what does not grow goes through.
    put(vec![put_kv("d", text(3), Some(10))], 1, 1)
        .await
        .unwrap();
    put(vec![set_flag("k", json!(1))], 0, 0).await.unwrap();
    assert_eq!(put(vec![put_kv("d", text(4), None)], 1, 2).await, over);
    // What has expired does not count.
    hand.pass(10);
    assert_eq!(usage(&store, "p1").await, KvUsage::default());
    put(vec![put_kv("f", text(9), None)], 10, 1).await.unwrap();
    assert_eq!(usage(&store, "p1").await, KvUsage { bytes: 10, keys: 1 });
    assert_sound(&store).await;
}

/// Proves C9: a key expires when its time has come, and reads then as one that was never set; the sweep removes it.
#[tokio::test]
async fn keys_expire() {
    let hand = Hand::default();
    let store = filled(hand.options()).await;
    let writes = vec![
        put_kv("k", json!(1), Some(1_000)),
        put_kv("later", json!(1), Some(2_000)),
        put_kv("never", json!(1), Some(u64::MAX)),
    ];
    commit(&store, &[], writes).await.unwrap();
    let version = get(&store, "p1", "k").await.version;
    hand.pass(999);
    assert_eq!(
        get(&store, "p1", "k").await.value.unwrap().expires_ms,
        Some(1_000)
    );
    hand.pass(1);
    assert_eq!(
        get(&store, "p1", "k").await,
        Versioned {
            version: 0,
            value: None
        }
    );
    assert_eq!(list(&store, "", None, 9).await.0, ["later", "never"]);
    let stale = commit(&store, &[(key("p1", "k"), version)], vec![]).await;
    assert_eq!(stale, Err(CommitError::Conflict));
    commit(
        &store,
        &[(key("p1", "k"), 0)],
        vec![put_kv("k", json!(2), None)],
    )
    .await
    .unwrap();
    hand.pass(u64::MAX / 4);
    store.sweep().await;
    let last = all_history(&store).await.pop();
    // The clock went far: the history before the sweep went too.
    let last = last.unwrap();
    assert_eq!(
        last.actor,
        Actor::Host {
            what: "sweep".to_owned()
        }
    );
    assert_eq!(
        last.item,
        Item::Kv {
            plugin: plugin("p1"),
            key: "later".into()
        }
    );
    assert_eq!(last.change, json!({"op": "remove"}));
    assert_eq!(list(&store, "", None, 9).await.0, ["k", "never"]);
    assert_sound(&store).await;
}

/// Proves C9: the host can look into a plugin's store, and clear it, without touching another's.
#[tokio::test]
async fn the_host_clears_a_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let store = Store::open(&path, Options::default()).unwrap();
    fill(&store).await;
    commit(
        &store,
        &[],
        vec![put_kv("k", json!(1), None), put_kv("l", json!(2), Some(1))],
    )
    .await
    .unwrap();
    let clear = |tx: &mut Transaction<'_>| {
        let entry = KvEntry {
            value: json!(3),
            expires_ms: None,
        };
        tx.put_kv(&plugin("p1"), "m", entry.clone());
        tx.put_kv(&plugin("p2"), "k", entry);
        Ok::<_, Infallible>(tx.clear_kv(&plugin("p1")))
    };
    assert_eq!(store.transact("purge", clear).await, Ok(3));
    let archive = Archive::open(&path).unwrap();
    assert!(archive.kv(&plugin("p1")).unwrap().is_empty());
    assert_eq!(archive.kv(&plugin("p2")).unwrap()["k"].value, json!(3));
    assert_sound(&store).await;
}

/// Proves C9: a time to live is no way around the quota: what has expired goes with the next commit, and stays in the history.
#[tokio::test]
async fn expired_keys_do_not_pile_up() {
    let (hand, directory) = (Hand::default(), tempfile::tempdir().unwrap());
    let path = directory.path().join("x.db");
    let store = Store::open(&path, hand.options()).unwrap();
    fill(&store).await;
    for round in 0..50 {
        let name = |number: u32| format!("{round}/{number}");
        let until = hand.0.load(Ordering::Relaxed) + 10;
        let mut set = write_set(
            &[],
            (0..4)
                .map(|number| put_kv(&name(number), json!(number), Some(until)))
                .collect(),
        );
        set.kv_quota = KvQuota {
            bytes: 100,
            keys: 4,
        };
        ask(&store, set).await.unwrap();
        let stored = Archive::open(&path).unwrap().kv(&plugin("p1")).unwrap();
        assert_eq!(stored.len(), 4, "{stored:?}");
        assert_eq!(usage(&store, "p1").await.keys, 4);
        hand.pass(10);
        assert_eq!(usage(&store, "p1").await, KvUsage::default());
    }
    // Also a key that has expired before it is set counts, until the next commit.
    let born_old = |name: &str| put_kv(name, json!(1), Some(0));
    let mut set = write_set(&[], vec![born_old("a"), born_old("b")]);
    set.kv_quota = KvQuota { bytes: 9, keys: 1 };
    assert_eq!(ask(&store, set).await, Err(CommitError::OverQuota));
    commit(&store, &[], vec![set_flag("k", json!(1))])
        .await
        .unwrap();
    let sweeps = all_history(&store).await.into_iter().filter(|entry| {
        entry.actor
            == Actor::Host {
                what: "sweep".to_owned(),
            }
    });
    assert_eq!(sweeps.count(), 200);
    assert_sound(&store).await;
}

/// Proves C9: what the host sets anew is not taken for the key that has expired, also in one batch; and the sums stay right.
#[tokio::test]
async fn only_what_has_expired_goes() {
    let hand = Hand::default();
    let store = filled(hand.options()).await;
    let old = ["a", "b"].map(|name| put_kv(name, json!(1), Some(5)));
    commit(&store, &[], old.into()).await.unwrap();
    hand.pass(5);
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = store.transact("hold", move |_| {
        let _released = held.recv();
        Ok::<_, Infallible>(())
    });
    let anew = store.transact("import", |tx| {
        let entry = KvEntry {
            value: json!(2),
            expires_ms: None,
        };
        tx.put_kv(&plugin("p1"), "a", entry);
        Ok::<_, Infallible>(())
    });
    let put = store.call(write_set(&[], vec![put_kv("c", json!(3), None)]));
    let again = store.call(write_set(&[], vec![put_kv("c", json!(33), None)]));
    drop(hold);
    held.await.unwrap();
    anew.await.unwrap();
    put.await.unwrap();
    again.await.unwrap();
    assert_eq!(list(&store, "", None, 9).await.0, ["a", "c"]);
    assert_eq!(usage(&store, "p1").await, KvUsage { bytes: 5, keys: 2 });
    assert_sound(&store).await;
}
