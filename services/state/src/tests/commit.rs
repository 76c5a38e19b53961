use portcullis::write_set::Relationship;

use super::*;

/// Proves C3, C4 and C9: a write set is for its own subject and plugin, and changes nothing if one of its changes cannot be made.
#[tokio::test]
async fn a_commit_is_whole_and_stays_where_it_belongs() {
    let store = filled(Options::default()).await;
    let (before, revision) = (state(&store), store.revision());
    let deep = (0..101).fold(json!(1), |value, _| json!([value]));
    let move_to = |location: &str| Change::MoveNpc {
        location: location.to_owned(),
    };
    let clear = Change::ClearFlag {
        namespace: plugin("p1"),
        key: "k".to_owned(),
    };
    let stranger = Change::UpdateRelationship {
        npc: "m".to_owned(),
        change: Relationship::default(),
    };
    let other = Document::Other {
        capability: "x".to_owned(),
        path: Vec::new(),
    };
    let flag = || flag_change("p1", "k", json!(1));
    let put = || Change::PutKv {
        value: json!(1),
        expires_ms: None,
    };
    for bad in [
        write(session("b", "t"), flag()),
        write(session("a", "t"), flag()),
        write(session("a", "s"), flag_change("p2", "k", json!(1))),
        write(session("a", "s"), stranger),
        write(session("a", "s"), Change::Other { value: json!(1) }),
        write(session("a", "s"), put()),
        write(npc("a", "n"), clear),
        write(npc("a", "x"), move_to("inn")),
        write(npc("b", "m"), move_to("inn")),
        write(npc("a", "n"), move_to("nowhere")),
        write(key("p2", "k"), put()),
        write(key("p1", "k"), move_to("inn")),
        write(other.clone(), put()),
        put_kv("k", deep, None),
    ] {
        let what = format!("{bad:?}");
        let writes = vec![set_flag("k", json!(1)), put_kv("fine", json!(1), None), bad];
        let done = commit(&store, &[], writes).await;
        assert_eq!(done, Err(CommitError::Failed), "{what}");
        assert_eq!(
            (state(&store), store.revision()),
            (before.clone(), revision)
        );
    }
    let reads = [(other, 0)];
    let done = commit(&store, &reads, vec![set_flag("k", json!(1))]).await;
    assert_eq!(done, Err(CommitError::Failed));
    assert_sound(&store).await;
}

/// Proves C3 and C4: what a call may change of a session and an NPC.
#[tokio::test]
async fn changes_of_a_session_and_an_npc() {
    let store = filled(Options::default()).await;
    let update = Change::UpdateRelationship {
        npc: "n".to_owned(),
        change: Relationship {
            trust: 95,
            affinity: -3,
            intimacy: 0,
        },
    };
    let tag = |tag: &str| Change::AddTag {
        tag: tag.to_owned(),
    };
    let writes = vec![
        set_flag("k", json!(1)),
        write(session("a", "s"), update),
        write(npc("a", "n"), tag("tired")),
        write(npc("a", "n"), tag("guard")),
        write(
            npc("a", "n"),
            Change::RemoveTag {
                tag: "nothing".to_owned(),
            },
        ),
        write(
            npc("a", "n"),
            Change::MoveNpc {
                location: "gate".to_owned(),
            },
        ),
        write(
            npc("a", "n"),
            Change::SetAttribute {
                key: "rank".to_owned(),
                value: json!({"of": 0.1}),
            },
        ),
        write(
            npc("a", "n"),
            Change::ClearAttribute {
                key: "mood".to_owned(),
            },
        ),
    ];
    let set = write_set(&[], writes);
    let (call, count) = (set.call, set.writes.len());
    ask(&store, set).await.unwrap();
    let world = store.snapshot("a").unwrap();
    let (session, npc) = (&world.sessions["s"], &world.npcs["n"]);
    assert_eq!(
        session.value.relationships["n"],
        Relationship {
            trust: 100,
            affinity: -3,
            intimacy: 0
        }
    );
    assert_eq!(flag(&store, "p1", "k").await.1, Some(json!(1)));
    assert_eq!(npc.value.meta.tags, ["guard", "tired"]);
    assert_eq!(npc.value.meta.location, "gate");
    assert_eq!(json!(npc.value.attributes), json!({"rank": {"of": 0.1}}));
    assert_eq!((session.version, npc.version), (2, 2));
    assert_eq!(assert_sound(&store).await.writes_of(call), count);
}

/// Proves C3: what a call read has not changed when its changes are made.
#[tokio::test]
async fn a_commit_after_a_change_of_what_was_read_conflicts() {
    let store = filled(Options::default()).await;
    let (document, n) = (session("a", "s"), npc("a", "n"));
    let count = |value| vec![set_flag("count", json!(value))];
    let reads = [(document.clone(), 1), (n.clone(), 1)];
    commit(&store, &reads, count(1)).await.unwrap();
    let stale = commit(&store, &[(document.clone(), 1)], count(2)).await;
    assert_eq!(stale, Err(CommitError::Conflict));
    assert_eq!(flag(&store, "p1", "count").await, (2, Some(json!(1))));
    let edit = |tx: &mut Transaction<'_>| {
        assert!(tx.edit_npc("a", "n", |npc| npc.meta.location.clear()));
        Ok::<_, Infallible>(())
    };
    store.transact("tick", edit).await.unwrap();
    let stale = commit(&store, &[(document.clone(), 2), (n.clone(), 1)], count(2)).await;
    assert_eq!(stale, Err(CommitError::Conflict));
    let fresh = [(document, 2), (n, 3)];
    commit(&store, &fresh, count(2)).await.unwrap();
    let gone = [(session("a", "gone"), 0)];
    let done = commit(&store, &gone, count(3)).await;
    assert_eq!(done, Err(CommitError::Conflict));
    // A change that read nothing conflicts with nobody.
    commit(&store, &[], count(4)).await.unwrap();
    assert_eq!(flag(&store, "p1", "count").await.1, Some(json!(4)));
    assert_sound(&store).await;
}

/// Proves C3: jobs that are written together see each other, and one that cannot be made takes none along.
#[tokio::test]
async fn jobs_of_one_batch_count_for_each_other() {
    let store = filled(Options::default()).await;
    // All are sent while the writer is held up, so that it finds them together.
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = store.transact("hold", move |_| {
        let _released = held.recv();
        Ok::<_, Infallible>(())
    });
    let (one, two) = ([(session("a", "s"), 1)], [(session("a", "s"), 2)]);
    let stranger = write(session("b", "t"), flag_change("p1", "x", json!(3)));
    let first = commit(&store, &one, vec![set_flag("x", json!(1))]);
    let stale = commit(&store, &one, vec![set_flag("x", json!(2))]);
    let bad = commit(&store, &[], vec![stranger]);
    let next = commit(&store, &two, vec![set_flag("y", json!(4))]);
    let release = async move { drop(hold) };
    let (first, stale, bad, next, ()) = tokio::join!(first, stale, bad, next, release);
    held.await.unwrap();
    assert_eq!((first, stale), (Ok(()), Err(CommitError::Conflict)));
    assert_eq!((bad, next), (Err(CommitError::Failed), Ok(())));
    assert_eq!(flag(&store, "p1", "x").await, (3, Some(json!(1))));
    assert_sound(&store).await;
}

/// Proves that a commit is made even if nobody waits for it.
#[tokio::test]
async fn a_commit_does_not_need_its_future() {
    let store = filled(Options::default()).await;
    drop(store.call(write_set(&[], vec![set_flag("k", json!(1))])));
    store.flush().await.unwrap();
    assert_eq!(flag(&store, "p1", "k").await.1, Some(json!(1)));
}
