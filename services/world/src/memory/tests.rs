#![allow(clippy::unwrap_used, clippy::panic)]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use portcullis::capability::port::{
    NpcReply, NpcRequest, SessionReply, SessionRequest, WorldReply, WorldRequest,
};
use portcullis::capability::{Port, PortError, Request};
use portcullis::identity::{CallId, Identity};
use portcullis::package::Digest;
use portcullis::write_set::{
    Change, CommitError, Document, Relationship, Version, Write, WriteSet,
};
use portcullis::{Limits, PluginId, Subject};
use serde_json::{Value, json};

use super::*;
use crate::load::{self, Source};

const A: &str = r#"{
    "world": {"id": "a", "name": "A", "hour": 7, "config": {"festival": true}},
    "locations": [{"id": "inn"}, {"id": "gate", "tags": ["stage"]}],
    "npcs": [{"id": "n", "location": "inn", "tags": ["guard"], "attributes": {"mood": 5}}],
    "sessions": [{"id": "s", "player": "p", "location": "inn", "flags": {"host": {"x/y": 1}, "host-x": {"y": 2}},
        "relationships": {"n": {"trust": 10}}}]
}"#;
const B: &str =
    r#"{"world": {"id": "b"}, "npcs": [{"id": "m"}], "sessions": [{"id": "t", "player": "q"}]}"#;

fn state() -> MemoryState {
    let sources = [("a", A), ("b", B)].map(|(file, text)| Source {
        file: file.to_owned(),
        text: text.to_owned(),
    });
    MemoryState::new(load::parse_all(sources).unwrap())
}

fn ask<R: Request>(state: &MemoryState, request: R) -> Result<R::Reply, R::Error>
where
    MemoryState: Port<R>,
{
    let mut context = Context::from_waker(Waker::noop());
    match pin!(state.call(request)).poll(&mut context) {
        Poll::Ready(reply) => reply,
        Poll::Pending => panic!("the state answers at once"),
    }
}

fn flag(state: &MemoryState, namespace: &str, key: &str) -> Option<Value> {
    let request = SessionRequest::Flag {
        world: "a".into(),
        session: "s".into(),
        namespace: namespace.to_owned(),
        key: key.to_owned(),
    };
    match ask(state, request) {
        Ok(SessionReply::Flag(flag)) => flag.value,
        other => panic!("{other:?}"),
    }
}

fn session(world: &str, session: &str) -> Document {
    Document::Session {
        world: world.into(),
        session: session.into(),
    }
}

fn set_flag(document: Document, namespace: &str, key: &str, value: Value) -> Write {
    let namespace: PluginId = namespace.parse().unwrap();
    Write {
        document,
        change: Change::SetFlag {
            namespace,
            key: key.to_owned(),
            value,
        },
    }
}

fn commit(
    state: &MemoryState,
    reads: &[(Document, Version)],
    writes: Vec<Write>,
) -> Result<(), CommitError> {
    let identity = Identity {
        plugin: "p1".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        digest: Digest::of(b""),
    };
    let subject = Subject::world("a").session("s");
    let reads = reads.iter().cloned().collect();
    ask(
        state,
        WriteSet {
            call: CallId::next(),
            plugin: Arc::new(identity),
            subject,
            reads,
            writes,
            kv_quota: Limits::default().kv_quota(),
        },
    )
}

/// Proves C1: a world's data, and nothing of another world.
#[test]
fn worlds_answer_for_themselves() {
    let state = state();
    let ask_world = |request| {
        serde_json::to_value(ask(&state, request).unwrap())
            .unwrap()
            .get("value")
            .cloned()
            .unwrap()
    };
    assert_eq!(
        ask_world(WorldRequest::World { world: "a".into() }),
        json!({"id": "a", "name": "A", "hour": 7})
    );
    assert_eq!(
        ask_world(WorldRequest::Config {
            world: "a".into(),
            key: "festival".to_owned()
        }),
        json!(true)
    );
    assert_eq!(
        ask_world(WorldRequest::Npcs { world: "b".into() }),
        json!(["m"])
    );
    let Ok(WorldReply::Locations(places)) =
        ask(&state, WorldRequest::Locations { world: "a".into() })
    else {
        panic!("locations")
    };
    assert_eq!(
        places
            .iter()
            .map(|place| place.id.as_str())
            .collect::<Vec<_>>(),
        ["gate", "inn"]
    );
    for missing in [
        WorldRequest::World { world: "c".into() },
        WorldRequest::Config {
            world: "b".into(),
            key: "festival".to_owned(),
        },
    ] {
        assert_eq!(ask(&state, missing).unwrap_err(), PortError::NotFound);
    }
}

/// Proves C2 and C4: a session or an NPC of another world looks like one that does not exist.
#[test]
fn what_is_in_another_world_is_not_found() {
    let state = state();
    for (world, session) in [("b", "s"), ("a", "t"), ("c", "s"), ("a", "a/s"), ("", "s")] {
        let session = SessionRequest::Session {
            world: world.into(),
            session: session.into(),
        };
        assert_eq!(ask(&state, session).unwrap_err(), PortError::NotFound);
    }
    for npc in ["m", "x"] {
        let relationship = SessionRequest::Relationship {
            world: "a".into(),
            session: "s".into(),
            npc: npc.to_owned(),
        };
        assert_eq!(ask(&state, relationship).unwrap_err(), PortError::NotFound);
        let request = NpcRequest::Npc {
            world: "a".into(),
            npc: npc.to_owned(),
        };
        assert_eq!(ask(&state, request).unwrap_err(), PortError::NotFound);
    }
    let attribute = NpcRequest::Attribute {
        world: "a".into(),
        npc: "n".to_owned(),
        key: "mood".to_owned(),
    };
    let Ok(NpcReply::Attribute(mood)) = ask(&state, attribute) else {
        panic!("mood")
    };
    assert_eq!(mood.value, Some(json!(5)));
}

/// Proves C3: a write set is for its own world, and changes nothing if one of its changes cannot be made.
#[test]
fn a_commit_is_whole_and_stays_in_its_world() {
    let state = state();
    let before = state.digest().unwrap();
    let fine = || set_flag(session("a", "s"), "p1", "k", json!(1));
    let of = |document, change| Write { document, change };
    let stranger = Change::UpdateRelationship {
        npc: "m".to_owned(),
        change: Relationship::default(),
    };
    let clear = Change::ClearFlag {
        namespace: "p1".parse().unwrap(),
        key: "k".to_owned(),
    };
    for bad in [
        set_flag(session("b", "t"), "p1", "k", json!(1)),
        set_flag(session("a", "t"), "p1", "k", json!(1)),
        of(session("a", "s"), stranger),
        of(session("a", "s"), Change::Other { value: json!(1) }),
        of(
            Document::Npc {
                world: "a".into(),
                npc: "n".into(),
            },
            clear,
        ),
    ] {
        assert_eq!(
            commit(&state, &[], vec![fine(), bad]),
            Err(CommitError::Failed)
        );
        assert_eq!(state.digest().unwrap(), before);
    }
    let change = Relationship {
        trust: 95,
        affinity: -3,
        intimacy: 0,
    };
    let update = of(
        session("a", "s"),
        Change::UpdateRelationship {
            npc: "n".to_owned(),
            change,
        },
    );
    commit(&state, &[], vec![fine(), update]).unwrap();
    assert_eq!(flag(&state, "p1", "k"), Some(json!(1)));
    let now = state
        .snapshot("a")
        .unwrap()
        .sessions
        .get("s")
        .cloned()
        .unwrap();
    assert_eq!(
        now.relationships.get("n").copied().unwrap(),
        Relationship {
            trust: 100,
            affinity: -3,
            intimacy: 0
        }
    );
    assert_eq!(now.version, 1);
}

/// Proves C3: what a call read has not changed when its changes are made.
#[test]
fn a_commit_after_a_change_of_what_was_read_conflicts() {
    let state = state();
    let (document, npc) = (
        session("a", "s"),
        Document::Npc {
            world: "a".into(),
            npc: "n".into(),
        },
    );
    let count = |value| vec![set_flag(session("a", "s"), "p1", "count", json!(value))];
    commit(&state, &[(document.clone(), 0), (npc.clone(), 0)], count(1)).unwrap();
    assert_eq!(
        commit(&state, &[(document.clone(), 0)], count(2)),
        Err(CommitError::Conflict)
    );
    assert_eq!(flag(&state, "p1", "count"), Some(json!(1)));
    state.change("a", |world| {
        world.change_npc("n", |npc| npc.location.clear())
    });
    assert_eq!(
        commit(&state, &[(document.clone(), 1), (npc.clone(), 0)], count(2)),
        Err(CommitError::Conflict)
    );
    commit(&state, &[(document, 1), (npc, 1)], count(2)).unwrap();
    let gone = [(session("a", "gone"), 0)];
    assert_eq!(commit(&state, &gone, count(3)), Err(CommitError::Conflict));
    // A change that read nothing conflicts with nobody.
    commit(&state, &[], count(4)).unwrap();
    assert_eq!(flag(&state, "p1", "count"), Some(json!(4)));
}

/// Proves C3: one thread's lost update would show in the sum.
#[test]
fn commits_of_many_threads_do_not_lose_updates() {
    let state = state();
    let increment = || loop {
        let request = SessionRequest::Flag {
            world: "a".into(),
            session: "s".into(),
            namespace: "p1".to_owned(),
            key: "n".to_owned(),
        };
        let Ok(SessionReply::Flag(flag)) = ask(&state, request) else {
            panic!("a flag")
        };
        let next = flag.value.and_then(|value| value.as_i64()).unwrap_or(0) + 1;
        let writes = vec![set_flag(session("a", "s"), "p1", "n", json!(next))];
        match commit(&state, &[(session("a", "s"), flag.version)], writes) {
            Ok(()) => return,
            Err(error) => assert_eq!(error, CommitError::Conflict),
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..50).for_each(|_| increment()));
        }
    });
    assert_eq!(flag(&state, "p1", "n"), Some(json!(200)));
}

/// Proves C3: namespace and key are two things, whatever they would give when joined.
#[test]
fn no_key_reaches_into_another_namespace() {
    let state = state();
    assert_eq!(flag(&state, "host", "x/y"), Some(json!(1)));
    assert_eq!(flag(&state, "host-x", "y"), Some(json!(2)));
    let tricks = [
        ("host/x", "y"),
        ("hos", "t/x/y"),
        ("", "host/x/y"),
        ("host", "x:y"),
        ("HOST", "x/y"),
        ("host\0", "x/y"),
    ];
    for (namespace, key) in tricks {
        assert_eq!(flag(&state, namespace, key), None, "{namespace:?} {key:?}");
    }
    commit(
        &state,
        &[],
        vec![set_flag(session("a", "s"), "p1", "../host/x/y", json!(3))],
    )
    .unwrap();
    assert_eq!(flag(&state, "host", "x/y"), Some(json!(1)));
}

#[test]
fn the_digest_tells_states_apart_and_not_histories() {
    let (one, other) = (state(), state());
    let before = one.digest().unwrap();
    assert_eq!(before, other.digest().unwrap());
    commit(
        &one,
        &[],
        vec![set_flag(session("a", "s"), "p1", "k", json!(1))],
    )
    .unwrap();
    assert_ne!(one.digest().unwrap(), before);
    let namespace: PluginId = "p1".parse().unwrap();
    let clear = Change::ClearFlag {
        namespace,
        key: "k".to_owned(),
    };
    commit(
        &one,
        &[],
        vec![Write {
            document: session("a", "s"),
            change: clear,
        }],
    )
    .unwrap();
    assert_eq!(one.digest().unwrap(), before);
    one.change("b", |world| world.hour += 1);
    assert_ne!(one.digest().unwrap(), before);
}
