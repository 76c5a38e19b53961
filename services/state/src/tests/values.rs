use super::*;

/// Proves that values are the same after any number of restarts: numbers to their last bit, texts and ids with whatever is in them.
#[tokio::test]
async fn values_stay_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let odd = "\0 \u{1f9ff} \"\\ '; DROP TABLE npcs; -- \u{7f}";
    let value = json!({
        "numbers": [0.1 + 0.2, 5e-324, 1.797_693_134_862_315_7e308, 123_456_789.123_456_79, -1.0e-7,
            u64::MAX, i64::MIN, 3.0, 0.3, 2.5e25],
        "text": odd, odd: [null, true, "", {}, []],
    });
    let store = Store::open(&path, Options::default()).unwrap();
    fill(&store).await;
    let stored = value.clone();
    let put = move |tx: &mut Transaction<'_>| {
        let npc = NpcDocument {
            attributes: [(odd.to_owned(), stored.clone())].into(),
            ..NpcDocument::default()
        };
        tx.put_npc("a", odd, npc);
        tx.edit_world("a", |world| world.routines = stored);
        Ok::<_, Infallible>(())
    };
    store.transact(odd, put).await.unwrap();
    commit(
        &store,
        &[],
        vec![
            set_flag(odd, value.clone()),
            put_kv(odd, value.clone(), None),
        ],
    )
    .await
    .unwrap();
    let before = state(&store);
    drop(store);
    for round in 0..4 {
        let store = Store::open(&path, Options::default()).unwrap();
        if round == 0 {
            assert_eq!(state(&store), before);
        }
        assert_eq!(flag(&store, "p1", odd).await.1, Some(value.clone()));
        assert_eq!(
            store.snapshot("a").unwrap().npcs[odd].value.attributes[odd],
            value
        );
        assert_sound(&store).await;
        // Each round writes the documents anew from what was read.
        commit(&store, &[], vec![set_flag("round", json!(round))])
            .await
            .unwrap();
        let edit = |tx: &mut Transaction<'_>| {
            tx.edit_npc("a", odd, |npc| npc.meta.activity.push('x'));
            Ok::<_, Infallible>(())
        };
        store.transact("edit", edit).await.unwrap();
    }
}

/// Proves that the deepest value that a call may leave can be read again.
#[tokio::test]
async fn deep_values_can_be_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let store = Store::open(&path, Options::default()).unwrap();
    fill(&store).await;
    // The change around the value is a level of its own.
    let deep = |levels| (0..levels).fold(json!(1), |value, _| json!([value]));
    let writes = vec![set_flag("k", deep(99)), put_kv("k", deep(99), None)];
    commit(&store, &[], writes).await.unwrap();
    let over = commit(&store, &[], vec![set_flag("k", deep(100))]).await;
    assert_eq!(over, Err(CommitError::Failed));
    drop(store);
    let store = Store::open(&path, Options::default()).unwrap();
    assert_eq!(flag(&store, "p1", "k").await.1, Some(deep(99)));
    assert_sound(&store).await;
}
