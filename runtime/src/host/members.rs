//! The plugins of a host.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard};

use serde::Serialize;

use super::{Host, Inner};
use crate::capability::Registration;
use crate::engine::Plugin;
use crate::identity::Identity;
use crate::manifest::{Manifest, PluginId};

/// Whether a loaded plugin serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginState {
    /// It serves.
    Enabled,
    /// It is loaded, and nothing of it is registered.
    Disabled,
}

/// A plugin of a host.
#[derive(Clone, Debug, Serialize)]
pub struct PluginStatus {
    /// Who it is.
    #[serde(flatten)]
    pub identity: Identity,
    /// Whether it serves.
    pub state: PluginState,
    /// The permissions that it holds.
    pub permissions: Vec<&'static str>,
}

/// A loaded plugin.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) plugin: Plugin,
    pub(super) manifest: Manifest,
    pub(super) state: PluginState,
    /// What its `load` registered; `None` for a plugin without `lifecycle`.
    pub(super) registered: Option<Vec<Registration>>,
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
            PluginStatus {
                identity: (**grant.identity()).clone(),
                state: member.state,
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
}
