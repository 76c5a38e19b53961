use std::path::Path;

use rusqlite::Connection;

use super::*;

async fn make(path: &Path) {
    let store = Store::open(path, Options::default()).unwrap();
    fill(&store).await;
    let writes = vec![set_flag("k", json!(1)), put_kv("k", json!(1), None)];
    commit(&store, &[], writes).await.unwrap();
}

/// The error of a file that is refused; it must not have been changed.
fn refusal(path: &Path) -> OpenError {
    let before = std::fs::read(path).unwrap();
    let Err(error) = Store::open(path, Options::default()) else {
        panic!("{} was opened", path.display())
    };
    assert_eq!(std::fs::read(path).unwrap(), before, "{error}");
    assert!(error.to_string().contains("x.db"), "{error}");
    error
}

/// Proves that what was committed is there after a restart, with its versions.
#[tokio::test]
async fn a_restart_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    for durability in [Durability::Process, Durability::Power] {
        let options = || Options {
            durability,
            ..Options::default()
        };
        make(&path).await;
        let store = Store::open(&path, options()).unwrap();
        let before = (state(&store), store.revision());
        drop(store);
        let store = Store::open(&path, options()).unwrap();
        assert_eq!((state(&store), store.revision()), before);
        assert_eq!(state(&store)[0].document.meta.more["climate"], "mild");
        assert_sound(&store).await;
    }
}

/// Proves that a second host is kept out, by whatever name it calls the file, until the first is gone.
#[tokio::test]
async fn one_host_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let store = Store::open(&path, Options::default()).unwrap();
    let link = directory.path().join("link-to-x.db");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&path, &link).unwrap();
    #[cfg(not(unix))]
    let link = path.clone();
    for name in [&path, &link, &directory.path().join("./x.db")] {
        let Err(error) = Store::open(name, Options::default()) else {
            panic!("opened twice")
        };
        assert!(matches!(error, OpenError::InUse { .. }), "{error}");
        assert!(error.to_string().contains("x.db.lock"), "{error}");
    }
    // Looking is allowed, also with a second store of another file.
    assert!(Archive::open(&path).unwrap().worlds().unwrap().is_empty());
    let copy = store.clone();
    drop(store);
    assert!(Store::open(&path, Options::default()).is_err());
    drop(copy);
    Store::open(&path, Options::default()).unwrap();
}

/// Proves that what is no database of ours is refused by name, and left as it is.
#[tokio::test]
async fn files_of_others_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    std::fs::write(&path, "Dear diary, this is no database. ".repeat(100)).unwrap();
    assert!(matches!(refusal(&path), OpenError::NotADatabase { .. }));
    for (pragma, id) in [("PRAGMA application_id = 7;", 7), ("", 0)] {
        std::fs::remove_file(&path).unwrap();
        let other = Connection::open(&path).unwrap();
        other
            .execute_batch(&format!("{pragma} CREATE TABLE t (x)"))
            .unwrap();
        drop(other);
        match refusal(&path) {
            OpenError::Foreign { application_id, .. } => assert_eq!(application_id, id),
            other => panic!("{other}"),
        }
    }
    let missing = directory.path().join("nowhere/x.db");
    let error = Store::open(&missing, Options::default()).err().unwrap();
    assert!(matches!(error, OpenError::Io { .. }), "{error}");
    assert!(matches!(Archive::open(&missing), Err(OpenError::Io { .. })));
    assert!(Store::open(directory.path(), Options::default()).is_err());
    // An empty file is one that is yet to be filled.
    std::fs::write(&path, "").unwrap();
    make(&path).await;
}

/// Proves that the database of a newer program is refused with both numbers, also by an archive.
#[tokio::test]
async fn a_newer_schema_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    make(&path).await;
    let edit = |sql: &str| Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    edit("PRAGMA user_version = 9");
    assert!(matches!(
        refusal(&path),
        OpenError::Newer {
            found: 9,
            known: 1,
            ..
        }
    ));
    assert!(matches!(
        Archive::open(&path),
        Err(OpenError::Newer { found: 9, .. })
    ));
    for broken in [0, -3] {
        edit(&format!("PRAGMA user_version = {broken}"));
        assert!(matches!(refusal(&path), OpenError::Corrupt { .. }));
    }
    edit("PRAGMA user_version = 1");
    edit("DROP INDEX events_of_plugin; CREATE TABLE evil (x);");
    let error = refusal(&path).to_string();
    assert!(
        error.contains("events_of_plugin") && error.contains("evil"),
        "{error}"
    );
}

/// Proves that documents that cannot be read are named, each with its table and its id.
#[tokio::test]
async fn damaged_documents_are_named() {
    let cases = [
        (
            "UPDATE npcs SET document = '{\"meta\":' WHERE id = 'n'",
            "table npcs, \"a\" \"n\"",
        ),
        (
            "UPDATE npcs SET document = '{\"meta\": {}}' WHERE id = 'n'",
            "table npcs, \"a\" \"n\"",
        ),
        (
            "UPDATE sessions SET document = replace(document, 'flags', 'fl\u{e4}gs')",
            "table sessions, \"b\" \"t\"",
        ),
        (
            "UPDATE worlds SET document = CAST(x'22ff22' AS TEXT) WHERE id = 'a'",
            "table worlds, \"a\"",
        ),
        (
            "UPDATE worlds SET version = 99 WHERE id = 'a'",
            "world \"a\": its version 99 was never given",
        ),
        (
            "UPDATE worlds SET version = -1 WHERE id = 'a'",
            "table worlds, \"a\": its version",
        ),
        (
            "DELETE FROM worlds WHERE id = 'b'",
            "npc \"m\" of \"b\": there is no world \"b\"",
        ),
        (
            "UPDATE worlds SET document = json_set(document, '$.meta.workspace', 'w') WHERE id = 'a'",
            "world \"a\": there is no workspace \"w\"",
        ),
        (
            "UPDATE worlds SET document = json_set(document, '$.behavior.enabledPlugins', 'all') WHERE id = 'a'",
            "world \"a\": `behavior.enabledPlugins` must be",
        ),
        (
            "UPDATE kv SET plugin = 'No Id'",
            "table kv, \"No Id\" \"k\"",
        ),
        ("UPDATE kv SET document = '[]'", "table kv, \"p1\" \"k\""),
        (
            "INSERT INTO guard VALUES ('p1', '1')",
            "table guard, \"p1\"",
        ),
    ];
    for (sql, expected) in cases {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.db");
        make(&path).await;
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch("PRAGMA ignore_check_constraints = ON")
            .unwrap();
        raw.execute_batch(sql).unwrap();
        drop(raw);
        let error = refusal(&path);
        assert!(matches!(error, OpenError::Corrupt { .. }), "{sql}: {error}");
        assert!(error.to_string().contains(expected), "{sql}: {error}");
    }
}

/// Proves that a store that is in use cannot be removed, by no name; and that nothing is left of one that was.
#[tokio::test]
async fn a_store_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    Store::remove(&path).unwrap();
    make(&path).await;
    let store = Store::open(&path, Options::default()).unwrap();
    commit(&store, &[], vec![set_flag("k", json!(2))])
        .await
        .unwrap();
    let wal = directory.path().join("x.db-wal");
    assert!(wal.exists());
    for name in [&path, &directory.path().join("./x.db")] {
        let error = Store::remove(name).unwrap_err();
        assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    }
    assert!(path.exists() && wal.exists());
    assert_eq!(store.revision(), 3);
    assert_sound(&store).await;
    // A killed host leaves the files beside the database too.
    let copies = ["x.db", "x.db-wal", "x.db-shm"].map(|name| {
        let left = std::fs::read(directory.path().join(name)).unwrap();
        (directory.path().join(name), left)
    });
    drop(store);
    for (name, left) in copies {
        std::fs::write(name, left).unwrap();
    }
    Store::remove(&path).unwrap();
    let left = std::fs::read_dir(directory.path()).unwrap();
    let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["x.db.lock"]);
    let store = Store::open(&path, Options::default()).unwrap();
    assert!(store.ids().is_empty());
    let nowhere = directory.path().join("nowhere/x.db");
    let error = Store::remove(&nowhere).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error}");
}

/// Proves that a tool that opens a host's state removes nothing because of its age.
#[tokio::test]
async fn a_tool_keeps_everything() {
    let (hand, directory) = (Hand::default(), tempfile::tempdir().unwrap());
    let path = directory.path().join("x.db");
    let event = portcullis::event::Event {
        at_ms: 0,
        kind: portcullis::event::EventKind::Failed,
        plugin: identity("p1"),
        call: None,
        message: String::new(),
    };
    let store = Store::open(&path, hand.options()).unwrap();
    fill(&store).await;
    portcullis::event::EventSink::event(&store, &event);
    drop(store);
    hand.pass(u64::MAX / 2);
    let keep = || Options {
        clock: SharedClock::new(hand.clone()),
        ..Options::keep_everything()
    };
    assert_eq!(keep().durability, Durability::Power);
    let store = Store::open(&path, keep()).unwrap();
    store.sweep().await;
    let events = EventQuery {
        limit: 9,
        ..EventQuery::default()
    };
    assert_eq!(store.events(&events).await.unwrap().events.len(), 1);
    assert!(!all_history(&store).await.is_empty());
    assert!(assert_sound(&store).await.is_complete());
    drop(store);
    let store = Store::open(&path, hand.options()).unwrap();
    assert!(all_history(&store).await.is_empty());
}
