//! The crash-loop guard as data: its policy, what is kept of a plugin that fails again and again so that a restart of the host does not
//! forget it, and how a plugin stands with it.

mod policy;
mod standing;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::manifest::PluginId;

pub use policy::GuardPolicy;
pub(crate) use standing::{Stand, Standing};

/// How the crash-loop guard stands to a plugin, whatever its version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardRecord {
    /// Whether the plugin is let through.
    pub state: GuardState,
    /// When the failures happened that still count, in milliseconds since 1970, the oldest first.
    #[serde(default)]
    pub failures_ms: Vec<u64>,
    /// For each of these failures, how many calls went well after it and before the next one. Calls beyond the first are not kept over a
    /// restart of the host.
    #[serde(default)]
    pub successes: Vec<u64>,
}

/// Whether the crash-loop guard lets a plugin through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum GuardState {
    /// It does.
    #[default]
    Closed,
    /// It does not, until an operator enables the plugin.
    Open {
        /// When it stopped, in milliseconds since 1970.
        since_ms: u64,
        /// Why, in one line.
        reason: String,
    },
    /// It does on trial: one failure, and the plugin is disabled again.
    HalfOpen {
        /// How many calls must still go well.
        successes_left: u32,
    },
}

/// Where the guard's records are kept. Both are called where calls end, so they should not block; and they must not ask the host about its
/// plugins, which waits for them. One that panics is logged: after a `read` no record is known, after a `write` the record lasts as long as
/// the host.
pub trait GuardStore: Send + Sync + 'static {
    /// All that was kept. Read once, when the host is built.
    fn read(&self) -> BTreeMap<PluginId, GuardRecord>;

    /// Keeps a record in place of the one before it.
    fn write(&self, plugin: &PluginId, record: &GuardRecord);
}

/// A change of how a plugin stands that others are to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The plugin is disabled, for this reason.
    Tripped(String),
    /// The plugin passed its trial.
    Recovered,
}
