//! Keeping a plugin from being stopped, for a call or longer.

use std::sync::Arc;

use super::call;
use super::extension::Typed;
use super::plugin::{Inner, Plugin};
use super::times::Share;
use crate::receipt::Receipt;
use crate::subject::Subject;

/// A plugin that is not stopped while this is held.
pub(crate) struct Hold {
    plugin: Arc<Inner>,
    stopped: bool,
    by_steward: bool,
    /// What is called, where that is a contribution of a plugin that was asleep.
    contribution: Option<Arc<str>>,
}

impl Hold {
    fn of(plugin: Arc<Inner>) -> Self {
        Self {
            plugin,
            stopped: false,
            by_steward: false,
            contribution: None,
        }
    }

    /// Holds the plugin, or the one that took its place while it was asleep; `None` once it is stopped.
    pub(super) fn take(plugin: &Arc<Inner>) -> Option<Self> {
        take_off(Arc::clone(plugin)).ok().map(Self::of)
    }

    /// Another hold of a plugin that is held.
    pub(super) fn besides(plugin: &Arc<Inner>) -> Self {
        plugin.flights().take_off_closed();
        Self::of(Arc::clone(plugin))
    }

    /// A hold of a plugin that takes no more calls from others, on the host's own account.
    pub(super) fn last(plugin: &Arc<Inner>) -> Self {
        let mut hold = Self::besides(plugin);
        hold.by_steward = true;
        hold
    }

    /// For a call of this contribution: it does not run if the plugin is asleep now, and does not register it when it is woken.
    pub(crate) fn for_contribution(mut self, name: &Arc<str>) -> Self {
        if self.plugin.body().is_none() {
            self.contribution = Some(Arc::clone(name));
        }
        self
    }

    pub(crate) fn call<E: Typed>(
        self,
        subject: Subject,
        request: E::Request,
    ) -> impl Future<Output = Receipt<E::Reply>> + Send + use<E> {
        call::call::<E>(Entrance::Held(self), subject, request, None, None)
    }

    /// Like [`Hold::call`], with this time instead of what the plugin's limits say.
    pub(crate) fn call_within<E: Typed>(
        self,
        subject: Subject,
        request: E::Request,
        share: Share,
    ) -> impl Future<Output = Receipt<E::Reply>> + Send + use<E> {
        call::call::<E>(Entrance::Held(self), subject, request, Some(share), None)
    }

    /// The plugin that is called: where one that was asleep has a successor, that one.
    pub(crate) fn held(&self) -> Plugin {
        Plugin::held(Arc::clone(&self.plugin))
    }

    pub(super) fn plugin(&self) -> &Arc<Inner> {
        &self.plugin
    }

    /// Whether the call must not run.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether the host makes the call on its own account.
    pub(super) fn is_by_steward(&self) -> bool {
        self.by_steward
    }

    /// The contribution that the call is for, if the plugin was asleep and has not registered it since.
    pub(super) fn unregistered(&self, extension: &str) -> Option<&str> {
        let name = self.contribution.as_deref()?;
        (!self.plugin.registers(extension, name)).then_some(name)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.plugin.flights().land();
    }
}

/// Counts a call as in flight. One of a plugin that was put to sleep goes to the one in its place; the error is the plugin that is stopped.
fn take_off(mut plugin: Arc<Inner>) -> Result<Arc<Inner>, Arc<Inner>> {
    loop {
        if plugin.flights().take_off() {
            return Ok(plugin);
        }
        match plugin.successor() {
            Some(next) if !Arc::ptr_eq(&next, &plugin) => plugin = next,
            _ => return Err(plugin),
        }
    }
}

/// How a call comes to its plugin.
pub(super) enum Entrance {
    /// Whoever makes it holds the plugin.
    Held(Hold),
    /// It asks for a hold when it begins.
    Knock(Arc<Inner>),
    /// The same, for a call that the host makes on its own account.
    Steward(Arc<Inner>),
}

impl Entrance {
    /// The hold; it says so if the plugin is stopped, and the call then leaves its receipt without running.
    pub(super) fn enter(self) -> Hold {
        let (plugin, by_steward) = match self {
            Self::Held(hold) => return hold,
            Self::Knock(plugin) => (plugin, false),
            Self::Steward(plugin) => (plugin, true),
        };
        let taken = take_off(plugin);
        let stopped = taken.is_err();
        let mut hold = match taken {
            Ok(plugin) => Hold::of(plugin),
            Err(plugin) => Hold::besides(&plugin),
        };
        hold.stopped = stopped;
        hold.by_steward = by_steward;
        hold
    }
}
