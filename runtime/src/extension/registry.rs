//! What plugins contribute to a host: a snapshot that never changes, and is replaced as a whole when plugins come and go.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use crate::capability::Registration;
use crate::engine::{AnyExtension, Extension, Plugin};
use crate::manifest::PluginId;
use crate::problem::Problem;

/// One thing that a plugin contributes.
pub struct Entry {
    /// The extension.
    pub extension: &'static str,
    /// The name that hosts use, for example `plugin:stealth:has-disguise`.
    pub qualified: String,
    /// The name within the plugin.
    pub name: Arc<str>,
    /// The plugin that provides it.
    pub plugin: Plugin,
    contribution: Box<dyn Any + Send + Sync>,
}

impl Entry {
    /// What the manifest says about it.
    pub fn contribution<E: Extension>(&self) -> Option<&E::Contribution> {
        self.contribution.downcast_ref()
    }
}

/// How many things of a kind a plugin contributes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Statistic {
    /// The extension.
    pub extension: &'static str,
    /// The plugin.
    pub plugin: PluginId,
    /// The number.
    pub entries: usize,
}

/// Why a plugin's contributions cannot be registered.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// A contribution's table cannot be read.
    #[error("{0}")]
    Contribution(Problem),
}

/// Everything that the plugins of a host contribute.
#[derive(Default)]
pub struct Registry {
    /// In the order of registration: plugins in dependency order, each in the order of its manifest.
    entries: Vec<Arc<Entry>>,
    by_name: BTreeMap<String, Arc<Entry>>,
}

impl Registry {
    /// The entry with this qualified name.
    pub fn find(&self, qualified: &str) -> Option<&Arc<Entry>> {
        self.by_name.get(qualified)
    }

    /// All entries, in the order of registration.
    pub fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// The entries of an extension, in the order of registration.
    pub fn of<E: Extension>(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries
            .iter()
            .filter(|entry| entry.extension == E::DESCRIPTOR.id)
    }

    /// How many entries there are, by extension and plugin.
    pub fn statistics(&self) -> Vec<Statistic> {
        let mut counts = BTreeMap::<_, usize>::new();
        for entry in &self.entries {
            *counts
                .entry((entry.extension, entry.plugin.identity().plugin.clone()))
                .or_default() += 1;
        }
        let statistic = |((extension, plugin), entries)| Statistic {
            extension,
            plugin,
            entries,
        };
        counts.into_iter().map(statistic).collect()
    }

    /// This snapshot with one plugin's entries replaced; an empty list removes them. A plugin that is reloaded keeps its place.
    pub(crate) fn with(&self, plugin: &PluginId, entries: Vec<Entry>) -> Self {
        let is_its_own = |entry: &Arc<Entry>| entry.plugin.identity().plugin == *plugin;
        let place = self.entries.iter().position(is_its_own);
        let mut all: Vec<_> = self
            .entries
            .iter()
            .filter(|entry| !is_its_own(entry))
            .cloned()
            .collect();
        let place = place.unwrap_or(all.len());
        all.splice(place..place, entries.into_iter().map(Arc::new));
        let by_name = all
            .iter()
            .map(|entry| (entry.qualified.clone(), entry.clone()))
            .collect();
        Self {
            entries: all,
            by_name,
        }
    }

    /// The entries of a plugin: what it registered, or all that its manifest contributes if it registered nothing by itself.
    pub(crate) fn entries_of(
        plugin: &Plugin,
        registered: Option<&[Registration]>,
    ) -> Result<Vec<Entry>, RegistryError> {
        let grant = plugin.grant();
        let mut entries = Vec::new();
        for room in &plugin.rooms().extensions {
            let descriptor = room.descriptor();
            let Some(contribution) = descriptor.contribution else {
                continue;
            };
            for raw in grant.contributions(descriptor.id) {
                let Some(name) = raw.name() else {
                    continue;
                };
                let chosen = registered.is_none_or(|registered| {
                    registered
                        .iter()
                        .any(|one| one.extension == descriptor.id && one.name == name)
                });
                if chosen {
                    entries.push(Entry {
                        extension: descriptor.id,
                        qualified: format!(
                            "{}{}:{name}",
                            contribution.prefix,
                            grant.identity().plugin
                        ),
                        name: name.into(),
                        plugin: plugin.clone(),
                        contribution: AnyExtension::contribution(&**room, &raw.table)
                            .map_err(RegistryError::Contribution)?,
                    });
                }
            }
        }
        Ok(entries)
    }
}

/// The registry of a running host: reading takes a snapshot and never waits.
#[derive(Default)]
pub struct SharedRegistry(ArcSwap<Registry>);

impl SharedRegistry {
    /// The registry as it is now.
    pub fn snapshot(&self) -> Guard<Arc<Registry>> {
        self.0.load()
    }

    pub(crate) fn replace(&self, registry: Registry) {
        self.0.store(Arc::new(registry));
    }
}
