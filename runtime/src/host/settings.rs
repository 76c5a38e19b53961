//! Where a host finds what operators set for its plugins.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{PoisonError, RwLock};

use super::LoadError;
use crate::configuration::{Configuration, Settings};
use crate::manifest::{Manifest, PluginId};

/// Where the settings of plugins are. It is no [`Port`](crate::Port): requests of ports can travel to another process, and a secret does not.
///
/// It is asked each time a plugin is loaded, and never for a call: a change takes effect when the plugin is loaded again.
pub trait SettingsSource: Send + Sync + 'static {
    /// What is set for the plugin; nothing for one that it does not know. May block: it is called off the threads that serve.
    ///
    /// # Errors
    /// Why it cannot be told. The plugin is refused with this text, so it must not hold a secret.
    fn settings(&self, plugin: &PluginId) -> Result<Settings, String>;
}

/// Settings that are held in memory. Starts out with nothing set.
#[derive(Debug, Default)]
pub struct StaticSettings(RwLock<BTreeMap<PluginId, Settings>>);

impl StaticSettings {
    /// Nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets all of a plugin's settings, in place of what was set before. A plugin that is loaded keeps what it has.
    pub fn set(&self, plugin: PluginId, settings: Settings) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(plugin, settings);
    }
}

impl SettingsSource for StaticSettings {
    fn settings(&self, plugin: &PluginId) -> Result<Settings, String> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(all.get(plugin).cloned().unwrap_or_default())
    }
}

/// The configuration for an activation of the plugin.
pub(super) fn configuration(
    source: &dyn SettingsSource,
    manifest: &Manifest,
) -> Result<Configuration, LoadError> {
    let plugin = &manifest.id;
    let found = catch_unwind(AssertUnwindSafe(|| source.settings(plugin)));
    let found = found.unwrap_or_else(|_| Err("the source of settings panicked".to_owned()));
    let settings = found.map_err(|why| LoadError::Settings {
        plugin: plugin.clone(),
        why,
    })?;
    let schema = manifest.config.clone().unwrap_or_default();
    schema
        .check(settings)
        .map_err(|problems| LoadError::Configuration {
            plugin: plugin.clone(),
            problems,
        })
}
