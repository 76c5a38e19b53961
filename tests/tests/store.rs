//! A host on state that lasts: real plugins, a database, a restart.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use portcullis::extension::effects::{Apply, Effects};
use portcullis::receipt::Commit;
use portcullis::{Consent, Host, Outcome, Plugin, Receipt};
use portcullis_state::{
    Actor, Archive, HistoryOf, HistoryQuery, NpcDocument, Options, SessionDocument, Store, World,
    WorldDocument,
};
use portcullis_tests::rig::{ada, params, shared_cache};
use portcullis_tests::{limits, plugin};
use serde_json::{Value, json};

const TASKS: usize = 16;

/// A host on the database in a file, with a plugin.
async fn serve(path: &Path, name: &str) -> (Host, Store, Plugin) {
    let store = Store::open(path, Options::default()).unwrap();
    let fill = |tx: &mut portcullis_state::Transaction<'_>| {
        if tx.worlds().is_empty() {
            let world = World::new("alpha", WorldDocument::default());
            let world = world.npc("ada", NpcDocument::default());
            tx.put_world(world.session("s1", SessionDocument::default()));
        }
        Ok::<_, Infallible>(())
    };
    store.transact("import", fill).await.unwrap();
    let builder = Host::builder().compile_in_process().policy(limits(|_| {}));
    let builder = builder.compile_cache(shared_cache());
    let host = builder.state(Arc::new(store.clone())).build().unwrap();
    let loaded = host.load(plugin(name), &Consent::Everything).await;
    (host, store, loaded.unwrap())
}

async fn act(plugin: &Plugin, name: &str, arguments: Value) -> Receipt {
    let request = Apply {
        name: name.into(),
        params: params(arguments),
    };
    plugin.call::<Effects>(ada(), request).await
}

fn flag(store: &Store, key: &str) -> Option<Value> {
    let look = |world: &World| {
        let flags = world.sessions.get("s1")?.value.flags.get("hostile")?;
        flags.get(key).cloned()
    };
    store.look("alpha", look).flatten()
}

/// Proves C3 and C16: of many calls at once none is lost, each change is in the history under its call, as often as its receipt says, and
/// calls that failed are not; also after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn receipts_and_history_agree() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let mut receipts = Vec::new();
    for round in 1..=2 {
        let (host, store, hostile) = serve(&path, "hostile").await;
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let hostile = hostile.clone();
                tokio::spawn(async move {
                    act(&hostile, "increment-flag", json!({ "key": "n", "ms": 2 })).await
                })
            })
            .collect();
        for task in tasks {
            let receipt = task.await.unwrap();
            assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
            receipts.push(receipt);
        }
        let failed = act(&hostile, "write-then-trap", json!({})).await;
        assert_eq!(failed.commit, Commit::Discarded { writes: 1 });
        receipts.push(failed);
        assert_eq!(flag(&store, "n"), Some(json!(round * TASKS)));
        let report = store.check().await.unwrap();
        assert!(report.is_sound(), "{:?}", report.differences);
        for receipt in &receipts {
            let expected = match receipt.commit {
                Commit::Committed { writes } => writes,
                _ => 0,
            };
            assert_eq!(report.writes_of(receipt.id), expected, "{receipt}");
        }
        drop((host, hostile));
    }
    let archive = Archive::open(&path).unwrap();
    let query = HistoryQuery {
        of: HistoryOf::Call(receipts.first().unwrap().id),
        after: None,
        limit: 10,
    };
    let history = archive.history(&query).unwrap();
    let Some(Actor::Plugin {
        identity, subject, ..
    }) = history.first().map(|row| &row.actor)
    else {
        panic!("{history:?}")
    };
    assert_eq!(*identity, *receipts.first().unwrap().plugin);
    assert_eq!(*subject, ada());
}
