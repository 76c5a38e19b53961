use std::sync::Mutex;

use portcullis::capability::port::KvEntry;

use super::*;

/// Proves that the host's own change is all or nothing, and one commit however much it changes.
#[tokio::test]
async fn all_or_nothing() {
    let store = filled(Options::default()).await;
    let before = (state(&store), store.revision());
    let refused = store.transact("tick", |tx| {
        assert!(tx.remove_world("b"));
        assert!(tx.edit_npc("a", "n", |npc| npc.meta.location.clear()));
        assert_eq!(tx.npc("a", "n").unwrap().value.meta.location, "");
        assert_eq!(tx.worlds().len(), 1);
        Err::<(), _>("no")
    });
    assert_eq!(refused.await, Err(TransactError::Refused("no")));
    let panicked = store.transact("tick", |tx| -> Result<(), Infallible> {
        tx.remove_world("a");
        panic!("oops")
    });
    assert_eq!(panicked.await, Err(TransactError::Failed));
    assert_eq!((state(&store), store.revision()), before);
    let done = store.transact("tick", |tx| {
        assert!(tx.edit_world("a", |world| world.meta.hour += 1));
        assert!(tx.remove_world("b"));
        assert!(tx.put_npc("a", "o", NpcDocument::default()));
        assert!(tx.put_session("a", "u", SessionDocument::default()));
        assert!(tx.edit_session("a", "s", |session| session.meta.player.push('x')));
        assert!(tx.remove_npc("a", "n"));
        let entry = KvEntry {
            value: json!(1),
            expires_ms: None,
        };
        tx.put_kv(&plugin("p1"), "k", entry.clone());
        assert_eq!(tx.kv(&plugin("p1"), "k"), Some(entry));
        let world = tx.world("a").unwrap();
        assert_eq!((world.npcs.len(), world.sessions.len()), (1, 2));
        Ok::<_, Infallible>(7)
    });
    assert_eq!(done.await, Ok(7));
    let world = store.snapshot("a").unwrap();
    assert_eq!((world.version, world.document.meta.hour), (2, 8));
    assert_eq!(world.npcs.keys().map(|id| &**id).collect::<Vec<_>>(), ["o"]);
    assert_eq!(world.sessions["s"].value.meta.player, "px");
    assert_eq!(store.ids().len(), 1);
    assert_eq!(store.revision(), 2);
    let report = assert_sound(&store).await;
    assert_eq!(report.changes, 6 + 9);
}

/// Proves that what is not there is said so, and that what is left as it was keeps its version.
#[tokio::test]
async fn what_is_not_there_and_what_does_not_change() {
    let store = filled(Options::default()).await;
    let nothing = store.transact("tick", |tx| {
        assert!(!tx.edit_world("x", |_| {}));
        assert!(!tx.edit_npc("a", "x", |_| {}));
        assert!(!tx.edit_session("b", "s", |_| {}));
        assert!(!tx.edit_workspace("x", |_| {}));
        assert!(!tx.put_npc("x", "n", NpcDocument::default()));
        assert!(!tx.put_session("x", "s", SessionDocument::default()));
        assert!(!tx.remove_world("x") && !tx.remove_npc("a", "x") && !tx.remove_session("a", "x"));
        assert!(!tx.remove_workspace("x") && !tx.delete_kv(&plugin("p1"), "k"));
        assert!(tx.edit_npc("a", "n", |_| {}));
        tx.put_npc("a", "new", NpcDocument::default());
        assert!(tx.remove_npc("a", "new"));
        worlds().into_iter().for_each(|world| tx.put_world(world));
        Ok::<_, Infallible>(())
    });
    nothing.await.unwrap();
    assert_eq!(store.revision(), 1);
    assert_eq!(all_history(&store).await.len(), 6);
    // A world that is put in another's place takes away what it does not have.
    let replace = |tx: &mut Transaction<'_>| {
        tx.put_world(World::new("a", WorldDocument::default()));
        Ok::<_, Infallible>(())
    };
    store.transact("import", replace).await.unwrap();
    assert!(store.snapshot("a").unwrap().npcs.is_empty());
    assert_sound(&store).await;
}

/// Proves that a document which could not be read again is refused, with what is wrong with it.
#[tokio::test]
async fn what_could_not_be_read_again_is_refused() {
    type Edit = fn(&mut Transaction<'_>) -> bool;
    let store = filled(Options::default()).await;
    let cases: [(Edit, &str); 8] = [
        (
            |tx| {
                tx.edit_npc("a", "n", |npc| {
                    npc.meta.more.insert("tags".to_owned(), json!(1));
                })
            },
            "npc \"n\" of \"a\": `meta.more` must not contain \"tags\": it has a field of its own",
        ),
        (
            |tx| tx.put_npc("a", "", NpcDocument::default()),
            "npc \"\" of \"a\": its id is empty",
        ),
        (
            |tx| {
                tx.put_world(World::new("", WorldDocument::default()));
                true
            },
            "world \"\": its id is empty",
        ),
        (
            |tx| tx.edit_world("a", |world| world.meta.workspace = Some("x".into())),
            "world \"a\": there is no workspace \"x\"",
        ),
        (
            |tx| {
                tx.edit_world("a", |world| {
                    world.behavior.insert("enabledPlugins".to_owned(), json!(1));
                })
            },
            "world \"a\": `behavior.enabledPlugins` must be a list of plugin ids, found 1",
        ),
        (
            |tx| {
                tx.put_workspace("w", json!([]));
                true
            },
            "workspace \"w\": it must be a JSON object",
        ),
        (
            |tx| {
                tx.put_workspace("w", json!({"behavior": {"enabledPlugins": ["!"]}}));
                true
            },
            "workspace \"w\": `behavior.enabledPlugins` must be a list of plugin ids, found \"!\"",
        ),
        (
            |tx| {
                let deep = (0..121).fold(json!(1), |value, _| json!([value]));
                tx.edit_world("a", |world| world.routines = deep)
            },
            "world \"a\": its JSON is nested more than 120 levels deep",
        ),
    ];
    for (edit, expected) in cases {
        let done = store.transact("edit", move |tx| {
            assert!(edit(tx));
            Ok::<_, Infallible>(())
        });
        match done.await {
            Err(TransactError::Invalid(invalid)) => assert_eq!(invalid.to_string(), expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
    assert_eq!(store.revision(), 1);
}

/// Proves that a closure may hold the store itself, also its last copy.
#[tokio::test]
async fn a_closure_may_hold_the_last_copy() {
    let store = filled(Options::default()).await;
    let copy = Mutex::new(Some(store.clone()));
    let done = store.transact("hold", move |_| {
        let store = copy.lock().unwrap().take().unwrap();
        Ok::<_, Infallible>(store.look("a", |world| world.npcs.len()))
    });
    drop(store);
    assert_eq!(done.await, Ok(Some(1)));
}
