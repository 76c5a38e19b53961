//! Why a plugin does not come, or does not go.

use super::DependencyError;
use crate::engine::PrepareError;
use crate::extension::RegistryError;
use crate::grant::GrantError;
use crate::manifest::PluginId;
use crate::package::PackageError;
use crate::problem::Problem;
use crate::receipt::{Outcome, Receipt};

/// Why a plugin cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{0}")]
    Read(std::io::Error),
    /// The bytes are not a plugin.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The discovery's lists leave the plugin out.
    #[error("the plugin `{0}` is on the denylist, or not on the allowlist")]
    NotAllowed(PluginId),
    /// Two candidates have the same id.
    #[error("the plugin `{id}` is there twice; `{first}` was taken")]
    Duplicate {
        /// The id.
        id: PluginId,
        /// The source of the one that was taken.
        first: String,
    },
    /// A dependency is in the way.
    #[error(transparent)]
    Dependency(#[from] DependencyError),
    /// The plugin asks for what it does not get.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// What is set for the plugin cannot be read.
    #[error("the settings of `{plugin}` cannot be read: {why}")]
    Settings {
        /// The plugin.
        plugin: PluginId,
        /// What the host's source of settings said.
        why: String,
    },
    /// What is set for the plugin does not fit its `[config]`.
    #[error("the settings of `{plugin}` do not fit: {}", told(problems))]
    Configuration {
        /// The plugin.
        plugin: PluginId,
        /// What is wrong, each with its key and what to do. None has a secret's value in it.
        problems: Vec<Problem>,
    },
    /// The plugin does not compile or link.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// A contribution of the plugin cannot be registered.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The plugin's own `load` or `enable` failed.
    #[error("the plugin refused to start: {0}")]
    Lifecycle(Box<Receipt>),
    /// A plugin that it needs is asleep and cannot be woken.
    #[error("the plugin cannot start before what it needs: {0}")]
    Asleep(String),
    /// Something of the embedder's that a load asks panicked, for example `Capability::state`.
    #[error(
        "the plugin was not loaded: what the host asks about it panicked; the host's log says where"
    )]
    Panicked,
    /// The host is shutting down while the plugin is compiled.
    #[error("the plugin was not compiled: the host is shutting down")]
    ShuttingDown,
}

/// Why a plugin cannot be unloaded, enabled or disabled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnloadError {
    /// No such plugin is loaded.
    #[error("no plugin `{0}` is loaded")]
    NotLoaded(PluginId),
    /// Other plugins need it.
    #[error(
        "the plugin `{id}` is needed by {}; unload those first",
        list(dependents)
    )]
    Needed {
        /// The plugin.
        id: PluginId,
        /// Who needs it.
        dependents: Vec<PluginId>,
    },
    /// The plugin's own `enable` failed.
    #[error("the plugin refused to start: {0}")]
    Lifecycle(Box<Receipt>),
    /// A plugin that it needs is asleep and cannot be woken.
    #[error("the plugin cannot start before what it needs: {0}")]
    Asleep(String),
    /// A contribution of the plugin cannot be registered.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The host is shutting down meanwhile.
    #[error("the host is shutting down")]
    ShuttingDown,
}

/// Why a plugin is not awake.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WakeError {
    /// No such plugin is loaded.
    #[error("no plugin `{0}` is loaded")]
    NotLoaded(PluginId),
    /// It is disabled, by an operator or because it failed too often.
    #[error("the plugin `{0}` is disabled; enable it first")]
    Disabled(PluginId),
    /// It cannot be made ready.
    #[error("the plugin `{plugin}` cannot be woken: {why}")]
    Failed {
        /// The plugin.
        plugin: PluginId,
        /// Why: it does not compile, its settings do not fit, its `load` or `enable` failed, or the host's own fault.
        why: String,
        /// How the calls ended that waited for it: [`Outcome::HostFault`] if the host is at fault.
        outcome: Outcome,
        /// The call of `lifecycle` that failed, if one did.
        receipt: Option<Box<Receipt>>,
    },
}

fn list(ids: &[PluginId]) -> String {
    ids.iter()
        .map(|id| format!("`{id}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn told(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// What came of loading several plugins: the broken ones are reported, and the rest is there.
#[derive(Debug, Default)]
#[must_use = "a report names the plugins that were refused"]
pub struct LoadReport {
    /// The loaded plugins, in the order in which they were loaded: dependencies first.
    pub loaded: Vec<PluginId>,
    /// The refused ones: where each came from, and why.
    pub refused: Vec<(String, LoadError)>,
}
