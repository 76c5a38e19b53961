//! What plugins contribute to a host: a snapshot that never changes, and is replaced as a whole when plugins come and go.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::{ArcSwap, Guard};

use super::hooks;
use crate::capability::Registration;
use crate::engine::{AnyExtension, Extension, Hold, Plugin};
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
    /// Whether the plugin may leave it out when it is woken.
    chosen_by_load: bool,
}

impl Entry {
    /// What the manifest says about it.
    pub fn contribution<E: Extension>(&self) -> Option<&E::Contribution> {
        self.contribution.downcast_ref()
    }

    /// Keeps the plugin from being stopped, for a call of this entry; `None` once it is stopped.
    pub(crate) fn hold(&self) -> Option<Hold> {
        let hold = self.plugin.hold()?;
        Some(match self.chosen_by_load {
            true => hold.for_contribution(&self.name),
            false => hold,
        })
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
    /// All there are, in the order of registration: plugins in dependency order, each in the order of its manifest. A plugin that is disabled, or
    /// reloaded, keeps its place.
    all: Vec<Placed>,
    /// Those that serve, in the same order.
    entries: Vec<Arc<Entry>>,
    by_name: BTreeMap<String, Arc<Entry>>,
    /// Made when the first chain asks for it.
    hooks: OnceLock<hooks::Order>,
}

/// An entry in its place.
#[derive(Clone)]
struct Placed {
    entry: Arc<Entry>,
    /// Whether its plugin is disabled. It serves nobody, but who must not do without it knows what is missing.
    aside: bool,
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

    /// The entry with this qualified name of a plugin that is disabled.
    pub(super) fn find_aside(&self, qualified: &str) -> Option<&Arc<Entry>> {
        self.all_aside().find(|entry| entry.qualified == qualified)
    }

    /// The entries of an extension that belong to disabled plugins.
    pub(super) fn aside<E: Extension>(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.all_aside()
            .filter(|entry| entry.extension == E::DESCRIPTOR.id)
    }

    fn all_aside(&self) -> impl Iterator<Item = &Arc<Entry>> {
        let aside = self.all.iter().filter(|placed| placed.aside);
        aside.map(|placed| &placed.entry)
    }

    /// The entries of an extension, in the order of registration, those of disabled plugins among them.
    pub(super) fn of_all<E: Extension>(&self) -> impl Iterator<Item = &Arc<Entry>> {
        let entries = self.all.iter().map(|placed| &placed.entry);
        entries.filter(|entry| entry.extension == E::DESCRIPTOR.id)
    }

    /// The handlers of hook points, in their order.
    pub(super) fn hooks(&self) -> &hooks::Order {
        self.hooks.get_or_init(|| hooks::Order::of(self))
    }

    /// This snapshot with one plugin's entries replaced; an empty list removes them.
    pub(crate) fn with(&self, plugin: &PluginId, entries: Vec<Entry>) -> Self {
        self.with_of(plugin, false, entries)
    }

    /// This snapshot with one plugin's entries replaced, which are those of a disabled one or not.
    pub(crate) fn with_of(&self, plugin: &PluginId, disabled: bool, entries: Vec<Entry>) -> Self {
        let its_own = |placed: &Placed| is_of(&placed.entry, plugin);
        let place = self.all.iter().position(its_own);
        let mut all = self.all.clone();
        all.retain(|placed| !its_own(placed));
        let place = place.unwrap_or(all.len());
        let placed = entries.into_iter().map(|entry| Placed {
            entry: Arc::new(entry),
            aside: disabled,
        });
        all.splice(place..place, placed);
        Self::of_placed(all)
    }

    /// This snapshot with one plugin's entries aside: it is disabled from now on.
    pub(crate) fn set_aside(&self, plugin: &PluginId) -> Self {
        let mut all = self.all.clone();
        for placed in &mut all {
            placed.aside |= is_of(&placed.entry, plugin);
        }
        Self::of_placed(all)
    }

    fn of_placed(all: Vec<Placed>) -> Self {
        let serving = all.iter().filter(|placed| !placed.aside);
        let entries: Vec<_> = serving.map(|placed| placed.entry.clone()).collect();
        let by_name = entries
            .iter()
            .map(|entry| (entry.qualified.clone(), entry.clone()))
            .collect();
        Self {
            all,
            entries,
            by_name,
            hooks: OnceLock::new(),
        }
    }

    /// The entries of a plugin: what it registered, or all that its manifest contributes if it registered nothing by itself, or if there is
    /// nothing to register.
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
                let registered = registered.filter(|_| contribution.chosen_by_load);
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
                        chosen_by_load: contribution.chosen_by_load,
                        contribution: AnyExtension::contribution(&**room, &raw.table)
                            .map_err(RegistryError::Contribution)?,
                    });
                }
            }
        }
        Ok(entries)
    }
}

fn is_of(entry: &Entry, plugin: &PluginId) -> bool {
    entry.plugin.identity().plugin == *plugin
}

/// The registry of a running host: reading takes a snapshot and never waits.
#[derive(Default)]
pub struct SharedRegistry {
    now: ArcSwap<Registry>,
    /// One change at a time: a plugin that is woken does not wait for another one that is loaded.
    changing: Mutex<()>,
}

impl SharedRegistry {
    /// The registry as it is now.
    pub fn snapshot(&self) -> Guard<Arc<Registry>> {
        self.now.load()
    }

    /// The registry as it is now, for as long as it is needed.
    pub(super) fn owned(&self) -> Arc<Registry> {
        self.now.load_full()
    }

    /// Puts another snapshot in place, which is made of the one that is there.
    pub(crate) fn change(&self, change: impl FnOnce(&Registry) -> Registry) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let registry = change(&self.snapshot());
        self.now.store(Arc::new(registry));
    }
}
