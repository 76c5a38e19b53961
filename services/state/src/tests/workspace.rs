use portcullis::EnabledPlugins;
use portcullis::enabled::EnabledSource;

use super::*;

/// Proves E17: a world uses the plugins that both its own list and its workspace's name, also after either changes.
#[tokio::test]
async fn a_workspace_limits_its_worlds() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let store = Store::open(&path, Options::default()).unwrap();
    fill(&store).await;
    let only = |ids: &[&str]| EnabledPlugins::Only(ids.iter().map(|id| plugin(id)).collect());
    let enabled = |store: &Store, world: &str| {
        let looked_up = store.look(world, |world| world.enabled.clone());
        let asked = EnabledSource::enabled(store, world);
        assert_eq!(*looked_up.unwrap(), asked, "the host is told the same");
        asked
    };
    assert_eq!(enabled(&store, "a"), EnabledPlugins::All);
    let put = |tx: &mut Transaction<'_>| {
        tx.put_workspace(
            "w",
            json!({"behavior": {"enabledPlugins": ["p1", "p2"]}, "owner": "o"}),
        );
        tx.edit_world("a", |world| world.meta.workspace = Some("w".into()));
        tx.edit_world("b", |world| {
            world.meta.workspace = Some("w".into());
            world
                .behavior
                .insert("enabledPlugins".to_owned(), json!(["p2", "p3"]));
        });
        assert_eq!(
            *tx.world("b").unwrap().enabled,
            EnabledPlugins::Only([plugin("p2")].into())
        );
        Ok::<_, Infallible>(())
    };
    store.transact("edit", put).await.unwrap();
    assert_eq!(enabled(&store, "a"), only(&["p1", "p2"]));
    assert_eq!(enabled(&store, "b"), only(&["p2"]));
    let edit = |tx: &mut Transaction<'_>| {
        assert!(tx.edit_workspace("w", |document| document["behavior"] =
            json!({"enabledPlugins": ["p3"]})));
        Ok::<_, Infallible>(())
    };
    store.transact("edit", edit).await.unwrap();
    assert_eq!(enabled(&store, "a"), only(&["p3"]));
    let remove = |tx: &mut Transaction<'_>| Ok::<_, Infallible>(tx.remove_workspace("w"));
    let refused = store.transact("edit", remove).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "workspace \"w\": world \"a\" belongs to it"
    );
    drop(store);
    let store = Store::open(&path, Options::default()).unwrap();
    assert_eq!(enabled(&store, "b"), only(&["p3"]));
    assert_eq!(store.workspace("w").unwrap()["owner"], "o");
    let leave = |tx: &mut Transaction<'_>| {
        tx.edit_world("a", |world| world.meta.workspace = None);
        tx.remove_world("b");
        Ok::<_, Infallible>(tx.remove_workspace("w"))
    };
    assert!(store.transact("edit", leave).await.unwrap());
    assert_eq!(enabled(&store, "a"), EnabledPlugins::All);
    let of = |world| EnabledSource::enabled(&store, world);
    assert_eq!(of("b"), only(&[]), "a world that is gone uses none");
    assert_eq!(of(""), EnabledPlugins::All, "what is about no world");
    assert_sound(&store).await;
}
