//! Which plugins a world (or a workspace) uses: the list `behavior.enabledPlugins` of its JSON document.
//!
//! An absent list means all plugins, an empty one none, else those that it names. The functions read and change the list where it stands:
//!
//! ```
//! use portcullis::{EnabledPlugins, PluginId, enabled};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (stealth, romance): (PluginId, PluginId) = ("stealth".parse()?, "romance".parse()?);
//! let mut world = json!({ "name": "Harbour", "behavior": { "style": "calm" } });
//! assert_eq!(enabled::get(&world)?, EnabledPlugins::All);
//!
//! // All but one is the list of the others that are installed.
//! enabled::remove(&mut world, &stealth, [stealth.clone(), romance.clone()])?;
//! assert!(!enabled::is(&world, &stealth)? && enabled::is(&world, &romance)?);
//! assert_eq!(world["behavior"], json!({ "style": "calm", "enabledPlugins": ["romance"] }));
//! # Ok(())
//! # }
//! ```

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::manifest::PluginId;

const BEHAVIOR: &str = "behavior";
const LIST: &str = "enabledPlugins";

/// The plugins of a world: all of them where the list is absent, none where it is empty, else those that it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EnabledPlugins {
    /// No list: every plugin.
    #[default]
    All,
    /// Only these.
    Only(BTreeSet<PluginId>),
}

/// Knows which plugins a world uses, for what comes without anybody who says so: events.
pub trait EnabledSource: Send + Sync + 'static {
    /// The plugins of a world; the world's id is empty for what is about no world.
    fn enabled(&self, world: &str) -> EnabledPlugins;
}

/// Every world uses every plugin.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllEnabled;

impl EnabledSource for AllEnabled {
    fn enabled(&self, _: &str) -> EnabledPlugins {
        EnabledPlugins::All
    }
}

/// A document holds something else where the list stands. It was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} must be {expected}, found {found}")]
pub struct EnabledPluginsError {
    place: &'static str,
    expected: &'static str,
    found: String,
}

impl EnabledPlugins {
    /// Whether the plugin serves this world.
    pub fn contains(&self, plugin: &PluginId) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(plugin),
        }
    }

    /// Those in both: what a world uses of what its workspace allows.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, one) | (one, Self::All) => one.clone(),
            (Self::Only(these), Self::Only(those)) => Self::Only(these & those),
        }
    }
}

/// The plugins of a document.
///
/// # Errors
/// The document or its `behavior` is no object, or the list is no list of plugin ids: that never means "all".
pub fn get(document: &Value) -> Result<EnabledPlugins, EnabledPluginsError> {
    let document = document
        .as_object()
        .ok_or_else(|| not_an_object("the document", document))?;
    let Some(behavior) = document.get(BEHAVIOR) else {
        return Ok(EnabledPlugins::All);
    };
    let behavior = behavior
        .as_object()
        .ok_or_else(|| not_an_object("`behavior`", behavior))?;
    behavior.get(LIST).map_or(Ok(EnabledPlugins::All), read)
}

/// Whether a document uses the plugin.
///
/// # Errors
/// As [`get`].
pub fn is(document: &Value, plugin: &PluginId) -> Result<bool, EnabledPluginsError> {
    Ok(get(document)?.contains(plugin))
}

/// Writes the list, sorted, or takes it out for [`EnabledPlugins::All`]. All else in the document stays.
///
/// # Errors
/// As [`get`], of what stood there before: something that cannot be read is not overwritten.
pub fn set(document: &mut Value, plugins: EnabledPlugins) -> Result<(), EnabledPluginsError> {
    get(document)?;
    match plugins {
        EnabledPlugins::All => {
            if let Some(behavior) = document.get_mut(BEHAVIOR).and_then(Value::as_object_mut) {
                behavior.remove(LIST);
            }
        }
        EnabledPlugins::Only(ids) => {
            let list = ids.iter().map(|id| Value::from(id.as_str())).collect();
            // An object, or absent: reading it did not fail.
            if let Some(document) = document.as_object_mut() {
                let behavior = document
                    .entry(BEHAVIOR)
                    .or_insert_with(|| Map::new().into());
                if let Some(behavior) = behavior.as_object_mut() {
                    behavior.insert(LIST.to_owned(), list);
                }
            }
        }
    }
    Ok(())
}

/// Lets a document use the plugin. One that it uses already, for example because there is no list, changes nothing.
///
/// # Errors
/// As [`get`].
pub fn add(document: &mut Value, plugin: &PluginId) -> Result<(), EnabledPluginsError> {
    let EnabledPlugins::Only(mut ids) = get(document)? else {
        return Ok(());
    };
    match ids.insert(plugin.clone()) {
        true => set(document, EnabledPlugins::Only(ids)),
        false => Ok(()),
    }
}

/// Lets a document use the plugin no longer. Where there was no list, one is written of all others that are installed; a
/// plugin that is installed later is then not in it. A plugin that the document does not use changes nothing.
///
/// # Errors
/// As [`get`].
pub fn remove(
    document: &mut Value,
    plugin: &PluginId,
    installed: impl IntoIterator<Item = PluginId>,
) -> Result<(), EnabledPluginsError> {
    let mut ids = match get(document)? {
        EnabledPlugins::All => installed.into_iter().collect(),
        EnabledPlugins::Only(ids) if ids.contains(plugin) => ids,
        EnabledPlugins::Only(_) => return Ok(()),
    };
    ids.remove(plugin);
    set(document, EnabledPlugins::Only(ids))
}

fn read(list: &Value) -> Result<EnabledPlugins, EnabledPluginsError> {
    let refuse = |found: &Value| EnabledPluginsError {
        place: "`behavior.enabledPlugins`",
        expected: "a list of plugin ids",
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
        .map(EnabledPlugins::Only)
}

/// A whole document is too much for an error's text.
fn not_an_object(place: &'static str, found: &Value) -> EnabledPluginsError {
    let kind = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    EnabledPluginsError {
        place,
        expected: "an object",
        found: kind.to_owned(),
    }
}
