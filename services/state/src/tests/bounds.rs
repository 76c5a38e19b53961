use super::*;

const MIB: usize = 1024 * 1024;

fn text(bytes: usize) -> Value {
    json!("x".repeat(bytes))
}

fn attribute(key: &str, value: Value) -> Write {
    let key = key.to_owned();
    write(npc("a", "n"), Change::SetAttribute { key, value })
}

fn tag(tag: impl Into<String>) -> Write {
    write(npc("a", "n"), Change::AddTag { tag: tag.into() })
}

/// Proves C3 and C4: calls cannot let a session or an NPC grow beyond 4 MiB, one after another; what is over it can shrink.
#[tokio::test]
async fn documents_are_bounded() {
    let store = filled(Options::default()).await;
    let over = Err(CommitError::OverQuota);
    for part in 0..3 {
        let part = format!("part-{part}");
        let writes = vec![set_flag(&part, text(MIB)), attribute(&part, text(MIB))];
        commit(&store, &[], writes).await.unwrap();
    }
    for large in [
        set_flag("part-3", text(MIB)),
        attribute("part-3", text(MIB)),
    ] {
        let before = store.revision();
        let writes = vec![put_kv("k", json!(1), None), large];
        assert_eq!(commit(&store, &[], writes).await, over);
        assert_eq!(store.revision(), before);
    }
    // Nobody holds the host back; what it made too large can shrink, and only shrink.
    let edit = |tx: &mut Transaction<'_>| {
        let edit =
            |npc: &mut NpcDocument| drop(npc.attributes.insert("own".to_owned(), text(2 * MIB)));
        Ok::<_, Infallible>(tx.edit_npc("a", "n", edit))
    };
    assert_eq!(store.transact("edit", edit).await, Ok(true));
    commit(&store, &[], vec![attribute("part-1", text(1))])
        .await
        .unwrap();
    assert_eq!(
        commit(&store, &[], vec![attribute("part-1", text(2))]).await,
        over
    );
    assert_sound(&store).await;
}

/// Proves C4: calls give an NPC at most 64 tags; a host gives it as many as it likes.
#[tokio::test]
async fn tags_are_bounded() {
    let store = filled(Options::default()).await;
    let over = Err(CommitError::OverQuota);
    // It has one already.
    let tags = (0..63).map(|number| tag(format!("tag-{number}")));
    commit(&store, &[], tags.collect()).await.unwrap();
    assert_eq!(commit(&store, &[], vec![tag("more")]).await, over);
    let many = (0..50_000).map(|number| tag(format!("many-{number}")));
    assert_eq!(commit(&store, &[], many.collect()).await, over);
    let removed = write(
        npc("a", "n"),
        Change::RemoveTag {
            tag: "guard".to_owned(),
        },
    );
    commit(&store, &[], vec![tag("tag-1"), removed, tag("more")])
        .await
        .unwrap();
    let edit = |tx: &mut Transaction<'_>| {
        let more = |npc: &mut NpcDocument| npc.meta.tags.extend(["host-1".into(), "host-2".into()]);
        Ok::<_, Infallible>(tx.edit_npc("a", "n", more))
    };
    assert_eq!(store.transact("edit", edit).await, Ok(true));
    assert_eq!(commit(&store, &[], vec![tag("again")]).await, over);
    assert_eq!(state(&store)[0].npcs["n"].value.meta.tags.len(), 66);
    assert_sound(&store).await;
}
