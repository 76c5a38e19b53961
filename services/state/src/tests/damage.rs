use std::path::Path;

use super::*;

/// Proves that whatever stands in a file, opening it does not panic: it opens with documents that can be read, or names the file.
#[tokio::test]
async fn flipped_and_cut_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("whole.db");
    let store = Store::open(&path, Options::default()).unwrap();
    fill(&store).await;
    let put = |tx: &mut Transaction<'_>| {
        for number in 0..40 {
            let mut npc = NpcDocument::default();
            let text = "x".repeat(number * 7);
            npc.attributes.insert("text".to_owned(), json!(text));
            tx.put_npc("a", &format!("npc-{number}"), npc);
        }
        Ok::<_, Infallible>(())
    };
    store.transact("import", put).await.unwrap();
    let writes = vec![
        set_flag("k", json!(1)),
        put_kv("k", json!("y".repeat(9_000)), None),
    ];
    commit(&store, &[], writes).await.unwrap();
    drop(store);
    let whole = std::fs::read(&path).unwrap();
    let (mut opened, mut refused) = (0, 0);
    let mut attempt = async |bytes: &[u8], what: String| {
        let path = directory.path().join("x.db");
        for beside in ["x.db-wal", "x.db-shm"] {
            let _none = std::fs::remove_file(directory.path().join(beside));
        }
        std::fs::write(&path, bytes).unwrap();
        match look(&path).await {
            Ok(()) => opened += 1,
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("x.db"), "{what}: {error}");
            }
        }
    };
    // The header byte by byte, the rest in steps that fall everywhere on a page.
    let places = (0..120).chain((120..whole.len()).step_by(1_021));
    for (turn, place) in places.enumerate() {
        let mut bytes = whole.clone();
        bytes[place] ^= [0xff, 0x01, 0x20][turn % 3];
        attempt(&bytes, format!("byte {place} flipped")).await;
    }
    for length in (0..whole.len()).step_by(4_001) {
        attempt(&whole[..length], format!("cut at {length}")).await;
    }
    assert!(
        opened > 10 && refused > 10,
        "{opened} opened, {refused} refused"
    );
}

/// Opens a file and asks for everything in it. Answers may be errors.
async fn look(path: &Path) -> Result<(), OpenError> {
    let store = Store::open(path, Options::default())?;
    for world in state(&store) {
        assert!(serde_json::to_string(&world.document).is_ok());
    }
    let (checked, events) = (
        store.check().await,
        store.events(&EventQuery::default()).await,
    );
    drop((checked, events));
    let _done = commit(&store, &[], vec![set_flag("later", json!(1))]).await;
    drop(store);
    if let Ok(archive) = Archive::open(path) {
        drop((archive.worlds(), archive.check(), archive.job_counts()));
    }
    Ok(())
}
