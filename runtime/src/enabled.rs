//! Which plugins a world (or a workspace) uses: the list `behavior.enabledPlugins` of its JSON document.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::manifest::PluginId;

/// The plugins of a world: all of them where the list is absent, none where it is empty, else those that it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EnabledPlugins {
    /// No list: every plugin.
    #[default]
    All,
    /// Only these.
    Only(BTreeSet<PluginId>),
}

/// The list in a world's document is not a list of plugin ids.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`behavior.enabledPlugins` must be a list of plugin ids, found {found}")]
pub struct EnabledPluginsError {
    found: String,
}

impl EnabledPlugins {
    /// Reads `behavior.enabledPlugins` from a world's document. A list that cannot be read is an error and never means "all".
    pub fn of_document(document: &Value) -> Result<Self, EnabledPluginsError> {
        let Some(list) = document
            .get("behavior")
            .and_then(|behavior| behavior.get("enabledPlugins"))
        else {
            return Ok(Self::All);
        };
        let refuse = |found: &Value| EnabledPluginsError {
            found: found.to_string(),
        };
        let ids = list.as_array().ok_or_else(|| refuse(list))?;
        ids.iter()
            .map(|id| {
                id.as_str()
                    .and_then(|id| id.parse().ok())
                    .ok_or_else(|| refuse(id))
            })
            .collect::<Result<_, _>>()
            .map(Self::Only)
    }

    /// Whether the plugin serves this world.
    pub fn contains(&self, plugin: &PluginId) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(plugin),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    /// Proves E17: absent means all, empty means none, else those named.
    #[test]
    fn absent_empty_and_named() {
        let stealth: PluginId = "stealth".parse().unwrap();
        let contains = |document| {
            EnabledPlugins::of_document(&document)
                .unwrap()
                .contains(&stealth)
        };
        assert!(contains(json!({})));
        assert!(!contains(json!({"behavior": {"enabledPlugins": []}})));
        assert!(contains(
            json!({"behavior": {"enabledPlugins": ["stealth"]}})
        ));
        assert!(!contains(
            json!({"behavior": {"enabledPlugins": ["romance"]}})
        ));
        assert!(
            EnabledPlugins::of_document(&json!({"behavior": {"enabledPlugins": "all"}})).is_err()
        );
        assert!(
            EnabledPlugins::of_document(&json!({"behavior": {"enabledPlugins": [null]}})).is_err()
        );
    }
}
