#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)]

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Few ids, so that lists often share some.
fn id() -> impl Strategy<Value = PluginId> {
    "p[a-e]".prop_map(|id| id.parse().expect("a plugin id"))
}

fn plugins() -> impl Strategy<Value = EnabledPlugins> {
    option::of(btree_set(id(), 0..5))
        .prop_map(|ids| ids.map_or(EnabledPlugins::All, EnabledPlugins::Only))
}

/// Documents with these plugins and with something else around the list.
fn document(plugins: impl Strategy<Value = EnabledPlugins>) -> impl Strategy<Value = Value> {
    (plugins, any::<bool>(), any::<bool>()).prop_map(|(plugins, empty, named)| {
        let mut document = match named {
            true => json!({ "name": "Harbour" }),
            false => json!({}),
        };
        if !empty {
            document["behavior"] = json!({ "style": "calm" });
        }
        set(&mut document, plugins).expect("a document without a list");
        document
    })
}

/// Documents that hold something else where an object or the list is to stand.
fn misshapen() -> impl Strategy<Value = Value> {
    let other = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(7)),
        Just(json!("all")),
        Just(json!(["not an id"])),
        Just(json!([null])),
        Just(json!([["pa"]])),
    ];
    (other, 0..3).prop_map(|(other, place)| match place {
        0 => other,
        1 => json!({ "name": "Harbour", "behavior": other }),
        _ => json!({ "behavior": { "style": "calm", "enabledPlugins": other } }),
    })
}

/// The document without its list.
fn rest(document: &Value) -> Value {
    let mut rest = document.clone();
    set(&mut rest, EnabledPlugins::All).expect("a document");
    match rest.get("behavior") {
        // `set` may have had to make one.
        Some(behavior) if *behavior == json!({}) => {
            rest.as_object_mut().expect("a document").remove("behavior");
            rest
        }
        _ => rest,
    }
}

/// Proves E17: absent means all, empty means none, else those named.
#[test]
fn absent_empty_and_named() {
    let stealth: PluginId = "stealth".parse().unwrap();
    let is = |document: Value| is(&document, &stealth).unwrap();
    assert!(is(json!({})));
    assert!(is(json!({"behavior": {"style": "calm"}})));
    assert!(!is(json!({"behavior": {"enabledPlugins": []}})));
    assert!(is(json!({"behavior": {"enabledPlugins": ["stealth"]}})));
    assert!(!is(json!({"behavior": {"enabledPlugins": ["romance"]}})));
}

/// Proves E17: an error says where and what.
#[test]
fn errors_name_the_place() {
    let error = |document: Value| get(&document).unwrap_err().to_string();
    assert_eq!(
        error(json!([])),
        "the document must be an object, found an array"
    );
    assert_eq!(
        error(json!({"behavior": "calm"})),
        "`behavior` must be an object, found a string"
    );
    assert_eq!(
        error(json!({"behavior": {"enabledPlugins": ["pa", null]}})),
        "`behavior.enabledPlugins` must be a list of plugin ids, found null"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Proves E17: what is set is what is got, and nothing else changes.
    #[test]
    fn what_is_set_is_got(before in document(plugins()), plugins in plugins()) {
        let mut document = before.clone();
        set(&mut document, plugins.clone()).unwrap();
        prop_assert_eq!(get(&document), Ok(plugins));
        prop_assert_eq!(rest(&document), rest(&before));
    }

    /// Proves E17: what is added is in, and of the others each is in or out as before.
    #[test]
    fn what_is_added_is_in(before in document(plugins()), plugin in id(), other in id()) {
        let mut document = before.clone();
        add(&mut document, &plugin).unwrap();
        prop_assert!(is(&document, &plugin).unwrap());
        if other != plugin {
            prop_assert_eq!(is(&document, &other), is(&before, &other));
        }
        if is(&before, &plugin).unwrap() {
            prop_assert_eq!(&document, &before);
        }
        prop_assert_eq!(rest(&document), rest(&before));
    }

    /// Proves E17: what is removed is out; of the others that are installed each is in or out as before.
    #[test]
    fn what_is_removed_is_out(
        before in document(plugins()),
        plugin in id(),
        installed in vec(id(), 0..5),
    ) {
        let mut document = before.clone();
        remove(&mut document, &plugin, installed.clone()).unwrap();
        prop_assert!(!is(&document, &plugin).unwrap());
        for other in installed.iter().filter(|other| **other != plugin) {
            prop_assert_eq!(is(&document, other), is(&before, other));
        }
        if !is(&before, &plugin).unwrap() {
            prop_assert_eq!(&document, &before);
        }
        prop_assert_eq!(rest(&document), rest(&before));
    }

    /// Proves E17: a world uses what it and its workspace both name.
    #[test]
    fn and_is_both(world in plugins(), workspace in plugins(), plugin in id()) {
        let both = world.and(&workspace);
        prop_assert_eq!(
            both.contains(&plugin),
            world.contains(&plugin) && workspace.contains(&plugin)
        );
        prop_assert_eq!(&both, &workspace.and(&world));
        prop_assert_eq!(world.and(&EnabledPlugins::All), world);
    }

    /// Proves E17: what cannot be read is an error for all of the functions, and stays as it is.
    #[test]
    fn what_cannot_be_read_stays(before in misshapen(), plugin in id(), plugins in plugins()) {
        let mut document = before.clone();
        prop_assert!(get(&document).is_err());
        prop_assert!(is(&document, &plugin).is_err());
        prop_assert!(set(&mut document, plugins).is_err());
        prop_assert!(add(&mut document, &plugin).is_err());
        prop_assert!(remove(&mut document, &plugin, [plugin.clone()]).is_err());
        prop_assert_eq!(document, before);
    }
}
