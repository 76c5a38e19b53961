use rusqlite::Connection;

use super::*;

fn query(of: HistoryOf, after: Option<u64>, limit: u32) -> HistoryQuery {
    HistoryQuery { of, after, limit }
}

/// Proves C16: each change says who made it, when, in which call, and how.
#[tokio::test]
async fn who_changed_what_and_when() {
    let hand = Hand::default();
    let store = filled(hand.options()).await;
    hand.pass(500);
    let set = write_set(
        &[],
        vec![
            set_flag("k", json!(1)),
            put_kv("k", json!([2]), Some(9_000)),
        ],
    );
    let call = set.call;
    ask(&store, set).await.unwrap();
    let of_call = store
        .history(&query(HistoryOf::Call(call), None, 9))
        .await
        .unwrap();
    let actor = Actor::Plugin {
        identity: identity("p1"),
        call,
        subject: Subject::world("a").session("s"),
    };
    assert_eq!(of_call.len(), 2);
    for entry in &of_call {
        assert_eq!(
            (&entry.actor, entry.at_ms, entry.revision),
            (&actor, 500, 2)
        );
    }
    assert_eq!(of_call[0].item.to_string(), "session \"s\" of \"a\"");
    assert_eq!(
        of_call[0].change,
        json!({"op": "set-flag", "namespace": "p1", "key": "k", "value": 1})
    );
    assert_eq!(
        of_call[1].change,
        json!({"op": "put-kv", "value": [2], "expires_ms": 9_000})
    );
    let of_plugin = store
        .history(&query(HistoryOf::Plugin(plugin("p1")), None, 9))
        .await;
    assert_eq!(of_plugin.unwrap(), of_call);
    let session = of_call[0].item.clone();
    let of_item = store
        .history(&query(HistoryOf::Item(session), None, 9))
        .await
        .unwrap();
    assert_eq!(of_item.len(), 2);
    assert_eq!(
        of_item[0].actor,
        Actor::Host {
            what: "import".to_owned()
        }
    );
    assert_eq!(of_item[0].change["op"], "put");
    assert_eq!(of_item[0].change["document"]["meta"]["player"], "p");
    let of_world = HistoryOf::World("a".to_owned());
    let first = store
        .history(&query(of_world.clone(), None, 3))
        .await
        .unwrap();
    let after = first.last().map(|entry| entry.cursor);
    let rest = store.history(&query(of_world, after, 3)).await.unwrap();
    let kinds: Vec<_> = first
        .iter()
        .chain(&rest)
        .map(|entry| entry.item.kind())
        .collect();
    assert_eq!(kinds, ["world", "npc", "session", "session"]);
    let text = serde_json::to_string(&of_call).unwrap();
    assert_eq!(
        serde_json::from_str::<Vec<HistoryEntry>>(&text).unwrap(),
        of_call
    );
}

/// Proves C16: the history from its beginning gives what is stored, after a restart too; what was changed behind its back is named.
#[tokio::test]
async fn the_history_accounts_for_everything() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let store = Store::open(&path, Options::default()).unwrap();
    fill(&store).await;
    for round in 0..20 {
        let mut writes = vec![
            set_flag(&format!("k{}", round % 3), json!(f64::from(round) * 0.1)),
            put_kv(&format!("k{}", round % 7), json!(round), None),
        ];
        if round % 4 == 3 {
            writes.push(write(key("p1", "k0"), Change::DeleteKv));
            writes.push(write(
                session("a", "s"),
                Change::ClearFlag {
                    namespace: plugin("p1"),
                    key: "k1".to_owned(),
                },
            ));
        }
        commit(&store, &[], writes).await.unwrap();
        let tick = move |tx: &mut Transaction<'_>| {
            tx.edit_world("a", |world| world.meta.hour += 1);
            tx.edit_npc("a", "n", |npc| npc.meta.activity = format!("walk {round}"));
            if round == 10 {
                tx.remove_world("b");
            }
            Ok::<_, Infallible>(())
        };
        store.transact("tick", tick).await.unwrap();
    }
    let report = assert_sound(&store).await;
    assert!(report.is_complete());
    assert_eq!((report.revision, report.versions_only), (41, 0));
    drop(store);
    // While no host runs, and behind the store's back.
    let archive = Archive::open(&path).unwrap();
    assert_eq!(archive.check().unwrap(), report);
    let tampered = [
        (
            "UPDATE sessions SET document = json_set(document, '$.meta.player', 'thief')",
            "session \"s\" of \"a\": stored otherwise",
        ),
        (
            "DELETE FROM kv WHERE key = 'k1'",
            "kv \"k1\" of \"p1\": not stored",
        ),
        (
            "UPDATE npcs SET version = 3 WHERE id = 'n'",
            "npc \"n\" of \"a\": stored with version 3, the history has 41",
        ),
        (
            "INSERT INTO npcs SELECT world, 'ghost', version, document FROM npcs",
            "npc \"ghost\" of \"a\": stored, but the history does not",
        ),
        (
            "INSERT INTO workspaces VALUES ('w', 1, '{}')",
            "workspace \"w\": stored, but",
        ),
        (
            "DELETE FROM history WHERE revision = 8",
            "history: commit 9 follows commit 7",
        ),
        (
            "DELETE FROM history WHERE revision = 41",
            "history: it ends with commit 40, the last was 41",
        ),
        (
            "UPDATE history SET change = '{\"op\":\"other\",\"value\":1}' WHERE id = 9",
            "world \"a\": row 9: neither `put` nor `remove`",
        ),
        (
            "INSERT INTO worlds SELECT 'b', version, document FROM worlds",
            "world \"b\": stored, but the history removed it",
        ),
    ];
    for (sql, expected) in tampered {
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch(sql).unwrap();
        let found = archive.check().unwrap();
        let found: Vec<_> = found.differences.iter().map(ToString::to_string).collect();
        assert!(
            found.iter().any(|what| what.contains(expected)),
            "{sql}: {found:?}"
        );
    }
}

/// Proves C16: history older than 90 days goes, and what is left is still checked.
#[tokio::test]
async fn old_history_goes() {
    let (hand, directory) = (Hand::default(), tempfile::tempdir().unwrap());
    let path = directory.path().join("x.db");
    let store = Store::open(&path, hand.options()).unwrap();
    fill(&store).await;
    let puts = vec![put_kv("k", json!(1), None), put_kv("kept", json!(1), None)];
    commit(&store, &[], puts).await.unwrap();
    hand.pass(80 * DAY_MS);
    commit(
        &store,
        &[],
        vec![set_flag("k", json!(1)), put_kv("k", json!(2), None)],
    )
    .await
    .unwrap();
    hand.pass(20 * DAY_MS);
    drop(store);
    let store = Store::open(&path, hand.options()).unwrap();
    let report = assert_sound(&store).await;
    // The two worlds, `n`, `m`, `s`, `t` and `kept`; the key `k` was put since.
    assert_eq!((report.swept, report.changes), (2, 2));
    assert_eq!((report.versions_only, report.agree), (7, 1));
    let query = query(
        HistoryOf::Item(Item::Kv {
            plugin: plugin("p1"),
            key: "kept".into(),
        }),
        None,
        9,
    );
    assert_eq!(store.history(&query).await.unwrap(), []);
    // Versions go on where they were, also when all of the history is gone.
    hand.pass(100 * DAY_MS);
    drop(store);
    let store = Store::open(&path, hand.options()).unwrap();
    assert_eq!((all_history(&store).await.len(), store.revision()), (0, 3));
    commit(&store, &[], vec![set_flag("k", json!(2))])
        .await
        .unwrap();
    assert_eq!(flag(&store, "p1", "k").await.0, 4);
    let report = assert_sound(&store).await;
    assert_eq!((report.swept, report.changes), (3, 1));
}
