//! Which commands there are, and which one a name means.

use std::sync::Arc;

use serde::Serialize;

use super::{Command, Commands};
use crate::configuration::ArgumentSchema;
use crate::enabled::EnabledPlugins;
use crate::extension::{Entry, Registry};
use crate::manifest::PluginId;

/// A command that is registered.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CommandEntry {
    /// The name that hosts use, `command:plugin:<id>:<name>`.
    pub qualified: String,
    /// Whose it is.
    pub plugin: PluginId,
    /// What users write.
    pub name: Arc<str>,
    /// What they may write instead.
    pub aliases: Vec<String>,
    /// What it does.
    pub description: String,
    /// The arguments that need no names, in this order.
    pub positional: Vec<String>,
    /// All arguments.
    #[serde(serialize_with = "schema_as_json")]
    pub arguments: ArgumentSchema,
}

fn schema_as_json<S: serde::Serializer>(
    schema: &ArgumentSchema,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    schema.to_json().serialize(serializer)
}

/// The commands of the plugins that a world uses, in the order of registration.
pub(crate) fn list(registry: &Registry, enabled: &EnabledPlugins) -> Vec<CommandEntry> {
    let all = used(registry.of::<Commands>(), enabled);
    all.map(|(entry, command)| CommandEntry {
        qualified: entry.qualified.clone(),
        plugin: entry.plugin.identity().plugin.clone(),
        name: entry.name.clone(),
        aliases: command.aliases.clone(),
        description: command.description.clone(),
        positional: command.positional.clone(),
        arguments: command.arguments.clone(),
    })
    .collect()
}

/// The qualified name of the command that users mean by a name. Names come before aliases, and the plugin that was loaded first before the
/// others; `<plugin>:<name>` means one plugin's. A plugin that is disabled keeps its names: while it is not available no other one answers to them.
pub(crate) fn find(registry: &Registry, name: &str, enabled: &EnabledPlugins) -> Option<String> {
    let (plugin, name) = match name.split_once(':') {
        Some((plugin, name)) => (Some(plugin), name),
        None => (None, name),
    };
    let is_of =
        |entry: &Entry| plugin.is_none_or(|id| entry.plugin.identity().plugin.as_str() == id);
    let all = || used(registry.of_all::<Commands>(), enabled).filter(|(entry, _)| is_of(entry));
    let named = || all().find(|(entry, _)| &*entry.name == name);
    let aliased = || all().find(|(_, command)| command.aliases.iter().any(|alias| alias == name));
    let (entry, _) = named().or_else(aliased)?;
    Some(entry.qualified.clone())
}

fn used<'a>(
    entries: impl Iterator<Item = &'a Arc<Entry>>,
    enabled: &EnabledPlugins,
) -> impl Iterator<Item = (&'a Arc<Entry>, &'a Command)> {
    let entries = entries.filter(|entry| enabled.contains(&entry.plugin.identity().plugin));
    entries.filter_map(|entry| Some((entry, entry.contribution::<Commands>()?)))
}
