#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod bounds;
mod commit;
mod concurrency;
mod damage;
mod events;
mod failure;
mod guard;
mod history;
mod jobs;
mod kill;
mod kv;
mod opening;
mod panics;
mod ports;
mod random;
mod speed;
mod transact;
mod values;
mod workspace;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use portcullis::capability::port::{SessionReply, SessionRequest};
use portcullis::capability::{Port, Request};
use portcullis::clock::{Clock, SharedClock};
use portcullis::identity::{CallId, Identity};
use portcullis::package::Digest;
use portcullis::write_set::{Change, CommitError, Document, Version, Write, WriteSet};
use portcullis::{Limits, PluginId, Subject};
use serde_json::{Value, json};

use crate::*;

/// A clock that only a test moves on.
#[derive(Clone, Default)]
pub(crate) struct Hand(Arc<AtomicU64>);

impl Clock for Hand {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Hand {
    pub(crate) fn pass(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            clock: SharedClock::new(self.clone()),
            ..Options::default()
        }
    }
}

pub(crate) const DAY_MS: u64 = 86_400_000;

pub(crate) fn plugin(id: &str) -> PluginId {
    id.parse().unwrap()
}

/// World `a` with an NPC `n` and a session `s`; world `b` with `m` and `t`.
pub(crate) fn worlds() -> [World; 2] {
    let a: WorldDocument = serde_json::from_value(json!({
        "meta": {"name": "A", "hour": 7, "climate": "mild"},
        "config": {"festival": true}, "behavior": {}, "routines": [],
        "locations": [{"id": "inn", "name": "Inn"}, {"id": "gate", "name": "Gate", "tags": ["stage"]}],
    }))
    .unwrap();
    let n: NpcDocument = serde_json::from_value(json!({
        "meta": {"name": "N", "location": "inn", "activity": "", "tags": ["guard"]}, "attributes": {"mood": 5},
    }))
    .unwrap();
    let s: SessionDocument = serde_json::from_value(json!({
        "meta": {"player": "p", "location": "inn"},
        "flags": {"host": {"x/y": 1}, "host-x": {"y": 2}},
        "relationships": {"n": {"trust": 10}},
    }))
    .unwrap();
    [
        World::new("a", a).npc("n", n).session("s", s),
        World::new("b", WorldDocument::default())
            .npc("m", NpcDocument::default())
            .session("t", SessionDocument::default()),
    ]
}

pub(crate) async fn fill(store: &Store) {
    let put = |tx: &mut Transaction<'_>| {
        worlds().into_iter().for_each(|world| tx.put_world(world));
        Ok::<_, Infallible>(())
    };
    store.transact("import", put).await.unwrap();
}

pub(crate) async fn filled(options: Options) -> Store {
    let store = Store::in_memory(options).unwrap();
    fill(&store).await;
    store
}

pub(crate) async fn ask<R: Request>(store: &Store, request: R) -> Result<R::Reply, R::Error>
where
    Store: Port<R>,
{
    store.call(request).await
}

pub(crate) fn identity(id: &str) -> Identity {
    Identity {
        plugin: plugin(id),
        version: "1.0.0".parse().unwrap(),
        digest: Digest::of(b""),
    }
}

/// A write set of `p1` in session `s` of world `a`.
pub(crate) fn write_set(reads: &[(Document, Version)], writes: Vec<Write>) -> WriteSet {
    WriteSet {
        call: CallId::next(),
        plugin: Arc::new(identity("p1")),
        subject: Subject::world("a").session("s"),
        reads: reads.iter().cloned().collect(),
        writes,
        kv_quota: Limits::default().kv_quota(),
    }
}

pub(crate) async fn commit(
    store: &Store,
    reads: &[(Document, Version)],
    writes: Vec<Write>,
) -> Result<(), CommitError> {
    ask(store, write_set(reads, writes)).await
}

pub(crate) fn session(world: &str, session: &str) -> Document {
    Document::Session {
        world: world.into(),
        session: session.into(),
    }
}

pub(crate) fn npc(world: &str, npc: &str) -> Document {
    Document::Npc {
        world: world.into(),
        npc: npc.into(),
    }
}

pub(crate) fn key(of: &str, key: &str) -> Document {
    Document::Kv {
        plugin: plugin(of),
        key: key.into(),
    }
}

pub(crate) fn write(document: Document, change: Change) -> Write {
    Write { document, change }
}

pub(crate) fn flag_change(namespace: &str, key: &str, value: Value) -> Change {
    Change::SetFlag {
        namespace: plugin(namespace),
        key: key.to_owned(),
        value,
    }
}

/// Sets a flag of `p1` in session `s` of world `a`.
pub(crate) fn set_flag(key: &str, value: Value) -> Write {
    write(session("a", "s"), flag_change("p1", key, value))
}

/// Sets a key of `p1`.
pub(crate) fn put_kv(name: &str, value: Value, expires_ms: Option<u64>) -> Write {
    write(key("p1", name), Change::PutKv { value, expires_ms })
}

/// A flag of session `s` of world `a`, with the session's version.
pub(crate) async fn flag(store: &Store, namespace: &str, key: &str) -> (Version, Option<Value>) {
    let request = SessionRequest::Flag {
        world: "a".into(),
        session: "s".into(),
        namespace: namespace.to_owned(),
        key: key.to_owned(),
    };
    match ask(store, request).await {
        Ok(SessionReply::Flag(flag)) => (flag.version, flag.value),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn all_history(store: &Store) -> Vec<HistoryEntry> {
    let query = HistoryQuery {
        of: HistoryOf::All,
        after: None,
        limit: 1_000_000,
    };
    store.history(&query).await.unwrap()
}

/// Everything that a store keeps of worlds, to compare.
pub(crate) fn state(store: &Store) -> Vec<World> {
    let ids = store.ids();
    ids.iter().filter_map(|id| store.snapshot(id)).collect()
}

pub(crate) async fn assert_sound(store: &Store) -> CheckReport {
    let report = store.check().await.unwrap();
    assert!(report.is_sound(), "{:?}", report.differences);
    report
}
