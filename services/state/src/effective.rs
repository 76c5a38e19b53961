//! The plugins that a world uses: what its own list and its workspace's have in common.

use std::sync::Arc;

use portcullis::EnabledPlugins;
use portcullis::enabled::EnabledPluginsError;
use serde_json::{Value, json};

use crate::document::WorldDocument;

/// The list of a world, cut down to what its workspace's document allows.
pub(crate) fn of(
    world: &WorldDocument,
    workspace: Option<&Value>,
) -> Result<Arc<EnabledPlugins>, EnabledPluginsError> {
    let own = match world.behavior.get("enabledPlugins") {
        None => EnabledPlugins::All,
        Some(list) => portcullis::enabled::get(&json!({"behavior": {"enabledPlugins": list}}))?,
    };
    let allowed = match workspace {
        None => EnabledPlugins::All,
        Some(document) => portcullis::enabled::get(document)?,
    };
    Ok(Arc::new(own.and(&allowed)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Proves E17: a plugin serves a world if its list and its workspace's both let it.
    #[test]
    fn both_lists_must_name_a_plugin() {
        let effective = |own: Value, workspace: Option<Value>| {
            let behavior = own.as_object().cloned().unwrap();
            let world = WorldDocument {
                behavior,
                ..WorldDocument::default()
            };
            let workspace = workspace.map(|behavior| json!({"behavior": behavior}));
            of(&world, workspace.as_ref())
        };
        let list = |ids: &[&str]| json!({"enabledPlugins": ids});
        let only =
            |ids: &[&str]| EnabledPlugins::Only(ids.iter().map(|id| id.parse().unwrap()).collect());
        for (own, workspace, expected) in [
            (json!({}), None, EnabledPlugins::All),
            (json!({}), Some(json!({})), EnabledPlugins::All),
            (list(&["aa", "bb"]), None, only(&["aa", "bb"])),
            (json!({}), Some(list(&["aa"])), only(&["aa"])),
            (
                list(&["aa", "bb"]),
                Some(list(&["bb", "cc"])),
                only(&["bb"]),
            ),
            (list(&[]), Some(json!({})), only(&[])),
            (list(&["aa"]), Some(list(&[])), only(&[])),
        ] {
            assert_eq!(*effective(own, workspace).unwrap(), expected);
        }
        let unreadable = json!({"enabledPlugins": "all"});
        assert!(effective(unreadable.clone(), None).is_err());
        assert!(effective(json!({}), Some(unreadable)).is_err());
    }
}
