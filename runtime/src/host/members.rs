//! The plugins of a host.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard};

use serde::Serialize;

use super::{Host, Inner};
use crate::capability::Registration;
use crate::engine::Plugin;
use crate::health::PluginHealth;
use crate::identity::Identity;
use crate::manifest::{Manifest, PluginId};
use crate::observe::judge;

/// Why a plugin does not serve that the guard has not disabled.
pub(super) const BY_OPERATOR: &str = "disabled by an operator";

/// Whether a loaded plugin serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginState {
    /// It serves.
    Enabled,
    /// It is loaded; nothing of it is registered, and its calls do not run.
    Disabled,
    /// It is registered, and neither compiled nor in memory: a call wakes it, as the `[activation]` of its manifest says.
    Asleep,
}

/// A plugin of a host.
#[derive(Clone, Debug, Serialize)]
pub struct PluginStatus {
    /// Who it is.
    #[serde(flatten)]
    pub identity: Identity,
    /// Whether it serves.
    pub state: PluginState,
    /// Why it does not, if the host's guard disabled it: it failed too often. [`Host::enable`] puts it on trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The permissions that it holds.
    pub permissions: Vec<&'static str>,
}

/// A loaded plugin.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) plugin: Plugin,
    pub(super) manifest: Manifest,
    pub(super) state: PluginState,
    /// What its `load` registered; `None` for a plugin without `lifecycle`, and for one that was never woken.
    pub(super) registered: Option<Vec<Registration>>,
}

impl Member {
    /// Whether it is awake, and needs this one.
    pub(super) fn needs_awake(&self, id: &PluginId) -> bool {
        self.state == PluginState::Enabled && self.manifest.dependencies.contains_key(id)
    }
}

pub(super) type Members = BTreeMap<PluginId, Member>;

impl Inner {
    pub(super) fn read_members(&self) -> RwLockReadGuard<'_, Members> {
        self.members.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write_members(&self) -> RwLockWriteGuard<'_, Members> {
        self.members.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host {
    /// The loaded plugins, by id.
    pub fn plugins(&self) -> Vec<PluginStatus> {
        let members = self.0.read_members();
        let status = |member: &Member| {
            let grant = member.plugin.grant();
            let (state, reason) = self.state_of(member);
            PluginStatus {
                identity: (**grant.identity()).clone(),
                state,
                reason,
                permissions: grant
                    .held()
                    .iter()
                    .map(|held| held.permission)
                    .filter(|id| grant.holds(id))
                    .collect(),
            }
        };
        members.values().map(status).collect()
    }

    /// How well the loaded plugins are, by id: what share of their calls of late failed.
    pub fn health(&self) -> Vec<PluginHealth> {
        let members = self.0.read_members();
        let health = |member: &Member| {
            let plugin = member.plugin.identity();
            let disabled = match self.state_of(member) {
                (PluginState::Enabled | PluginState::Asleep, _) => None,
                (PluginState::Disabled, reason) => {
                    Some(reason.unwrap_or_else(|| BY_OPERATOR.to_owned()))
                }
            };
            let trial = self.0.guards.trial(&plugin.plugin);
            let counts = member.plugin.counts();
            judge(&self.0.policy.health, plugin, counts, disabled, trial)
        };
        members.values().map(health).collect()
    }

    /// Whether a plugin serves, and why not if the guard is the reason. One that the guard has suspended is as good as disabled.
    fn state_of(&self, member: &Member) -> (PluginState, Option<String>) {
        match self.0.guards.reason(&member.manifest.id) {
            Some(reason) => (PluginState::Disabled, Some(reason)),
            None => (member.state, None),
        }
    }
}
