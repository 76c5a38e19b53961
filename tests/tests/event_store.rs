//! Events of a host on state that lasts: worlds and workspaces say which plugins hear what is about them.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::convert::Infallible;
use std::sync::Arc;

use portcullis::{Consent, Host, Subject};
use portcullis_state::{Store, Transaction, World, WorldDocument};
use portcullis_tests::rig::shared_cache;
use portcullis_tests::{Messenger, limits};
use serde_json::{Value, json};

/// A store with the worlds `alpha` and `beta`, both of the workspace `space`.
async fn store() -> Store {
    let store = Store::in_memory(Default::default()).unwrap();
    change(&store, |tx| {
        tx.put_workspace("space", json!({}));
        for world in ["alpha", "beta"] {
            let mut document = WorldDocument::default();
            document.meta.workspace = Some("space".into());
            tx.put_world(World::new(world, document));
        }
    })
    .await;
    store
}

async fn change(store: &Store, change: impl FnMut(&mut Transaction<'_>) + Send + 'static) {
    let mut change = change;
    let edit = move |tx: &mut Transaction<'_>| {
        change(tx);
        Ok::<_, Infallible>(())
    };
    store.transact("edit", edit).await.unwrap();
}

/// How often each of the two plugins handled an event about this world.
async fn heard(host: &Host, world: &str) -> Vec<u64> {
    let handled = || -> Vec<u64> {
        let statistics = host.event_statistics().into_iter();
        statistics.map(|one| one.handled).collect()
    };
    let before = handled();
    let (subject, about) = ("n".parse().unwrap(), Subject::world(world));
    let emitted = host.emit(subject, &Value::Null, &about, "test").await;
    emitted.unwrap();
    host.events_idle().await;
    let after = handled().into_iter();
    after
        .zip(before)
        .map(|(after, before)| after - before)
        .collect()
}

/// Proves E9, E17: who hears an event is who its world uses at that moment, by its own list and its workspace's.
#[tokio::test(flavor = "multi_thread")]
async fn worlds_and_workspaces_say_who_hears() {
    let store = store().await;
    let shared = Arc::new(store.clone());
    let host = Host::builder()
        .compile_in_process()
        .policy(limits(|_| {}))
        .compile_cache(shared_cache())
        .state(shared.clone())
        .enabled(shared)
        .build()
        .unwrap();
    for plugin in ["ann", "bob"] {
        let package = Messenger::new(plugin).hears("counts", "n").package();
        host.load(package, &Consent::Everything).await.unwrap();
    }
    assert_eq!(heard(&host, "alpha").await, [1, 1]);
    change(&store, |tx| {
        tx.edit_world("alpha", |world| {
            let list = json!(["bob"]);
            world.behavior.insert("enabledPlugins".to_owned(), list);
        });
    })
    .await;
    assert_eq!(heard(&host, "alpha").await, [0, 1]);
    assert_eq!(heard(&host, "beta").await, [1, 1]);
    change(&store, |tx| {
        tx.edit_workspace("space", |document| {
            *document = json!({ "behavior": { "enabledPlugins": ["ann"] } });
        });
    })
    .await;
    assert_eq!(heard(&host, "alpha").await, [0, 0]);
    assert_eq!(heard(&host, "beta").await, [1, 0]);
    assert_eq!(heard(&host, "gone").await, [0, 0]);
    assert_eq!(heard(&host, "").await, [1, 1]);
}
