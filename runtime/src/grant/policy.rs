//! What the host allows at most, and what an operator accepted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::bus::EventPolicy;
use crate::guard::GuardPolicy;
use crate::health::HealthPolicy;
use crate::hook_point::HookPolicy;
use crate::limits::Limits;
use crate::manifest::RawTable;

/// What happens when a plugin uses an optional permission that it was not granted, or one that was revoked.
/// The denial is in the receipt in every case.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum OnDenied {
    /// The call ends with the outcome `denied`.
    Raise,
    /// The plugin gets `denied`, and the host's log a warning.
    #[default]
    Warn,
    /// The plugin gets `denied`.
    Silent,
}

/// Where the instance of a call comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Instances {
    /// A fresh instance for each call: nothing of a call is left for the next.
    #[default]
    Fresh,
    /// Instances are kept warm after a call that went well, and serve the same session of the same world again. Faster, and globals of the
    /// plugin last from call to call.
    ///
    /// World and session are what a call's data goes by, so an instance never changes either: one that served a session serves no other,
    /// nor a call about the world without a session. NPCs and callers share instances: every call of a world may ask for each of its NPCs.
    /// A call about no world (those of `lifecycle`, for example) always has a fresh instance. One that holds more than 2 MiB of linear memory or
    /// 64 KiB of tables when its call ends is not kept.
    Warm {
        /// How many idle instances are kept for each plugin, world and session.
        max_idle: usize,
    },
    /// As [`Instances::Warm`], but the instances of a plugin whose manifest says `stateless = true` serve any session of any world. That
    /// a plugin keeps nothing of a call is its author's word, which nothing checks: what one session tells a plugin that breaks it, another
    /// may be told. Only for plugins that are trusted with all worlds of the host.
    Shared {
        /// How many idle instances are kept: for a stateless plugin in all, for any other for each world and session.
        max_idle: usize,
    },
}

impl Instances {
    /// What holds for a plugin that says of itself that it is stateless, or does not.
    pub(super) fn of_plugin(self, is_stateless: bool) -> Self {
        match self {
            Self::Shared { max_idle } if !is_stateless => Self::Warm { max_idle },
            other => other,
        }
    }
}

/// Of the slots of an engine one plugin has at most so many at once, unless the policy says otherwise: a quarter of them, so that three plugins
/// that never return leave room for others.
const SLOTS_PER_PLUGIN: u32 = 32;

/// What a host allows at most, whatever an operator accepts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// Permissions that may be granted; `None` for all.
    pub allow: Option<BTreeSet<String>>,
    /// Permissions that are never granted. Wins over `allow`.
    pub deny: BTreeSet<String>,
    /// Dangerous permissions that the host has switched on: `admin:routes`, `db:write`, `secret:read`, or an embedder's own.
    pub switched_on: BTreeSet<String>,
    /// Scopes of the host by permission: a plugin gets what both its manifest's scope and this one allow.
    pub scopes: BTreeMap<String, RawTable>,
    /// Ceilings for the limits of a call.
    pub limits: Limits,
    /// What an ungranted optional permission does.
    pub on_denied: OnDenied,
    /// Where the instances of calls come from.
    pub instances: Instances,
    /// How many of the engine's slots ([`SLOTS`](crate::engine::SLOTS)) a plugin has at most at once, idle warm instances included; its further
    /// calls wait, and those of other plugins do not. A plugin of which one instance takes more is refused. Each version of a plugin counts
    /// by itself while one replaces another. Default 32.
    pub slots_per_plugin: u32,
    /// When a plugin that fails again and again is disabled.
    pub guard: GuardPolicy,
    /// From which error rates on a plugin is not well.
    pub health: HealthPolicy,
    /// How long handlers of hook points may take.
    pub hooks: HookPolicy,
    /// How far events go, and how many wait.
    pub events: EventPolicy,
    /// After so many milliseconds without a call a plugin is put to sleep that can be woken, as its manifest's `[activation]` says; never
    /// by default. Its code and its warm instances are dropped, and its next call waits until it is compiled and loaded again. With 0 the host
    /// does not look for idle plugins by itself: whoever embeds it says when, by
    /// [`Host::put_idle_to_sleep`](crate::Host::put_idle_to_sleep).
    pub idle_ms: Option<u64>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allow: None,
            deny: BTreeSet::new(),
            switched_on: BTreeSet::new(),
            scopes: BTreeMap::new(),
            limits: Limits::default(),
            on_denied: OnDenied::default(),
            instances: Instances::default(),
            slots_per_plugin: SLOTS_PER_PLUGIN,
            guard: GuardPolicy::default(),
            health: HealthPolicy::default(),
            hooks: HookPolicy::default(),
            events: EventPolicy::default(),
            idle_ms: None,
        }
    }
}

impl Policy {
    /// The default policy: no permission is ruled out but those with a host switch, default limits, fresh instances, and a guard.
    pub fn new() -> Self {
        Self::default()
    }

    /// Never grants the permission.
    #[must_use]
    pub fn deny(mut self, permission: impl Into<String>) -> Self {
        self.deny.insert(permission.into());
        self
    }

    /// Grants no other permissions than those named with this.
    #[must_use]
    pub fn allow(mut self, permission: impl Into<String>) -> Self {
        self.allow.get_or_insert_default().insert(permission.into());
        self
    }

    /// Switches a permission on that needs it.
    #[must_use]
    pub fn switch_on(mut self, permission: impl Into<String>) -> Self {
        self.switched_on.insert(permission.into());
        self
    }

    /// Narrows a permission for every plugin.
    #[must_use]
    pub fn scope(mut self, permission: impl Into<String>, scope: RawTable) -> Self {
        self.scopes.insert(permission.into(), scope);
        self
    }

    /// Sets the ceilings of limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets what an ungranted optional permission does.
    #[must_use]
    pub fn on_denied(mut self, on_denied: OnDenied) -> Self {
        self.on_denied = on_denied;
        self
    }

    /// Sets where instances come from.
    #[must_use]
    pub fn instances(mut self, instances: Instances) -> Self {
        self.instances = instances;
        self
    }

    /// Sets how many of the engine's slots a plugin has at most at once.
    #[must_use]
    pub fn slots_per_plugin(mut self, slots: u32) -> Self {
        self.slots_per_plugin = slots;
        self
    }

    /// Sets when a plugin that fails again and again is disabled.
    #[must_use]
    pub fn guard(mut self, guard: GuardPolicy) -> Self {
        self.guard = guard;
        self
    }

    /// Sets from which error rates on a plugin is not well.
    #[must_use]
    pub fn health(mut self, health: HealthPolicy) -> Self {
        self.health = health;
        self
    }

    /// Sets how long handlers of hook points may take.
    #[must_use]
    pub fn hooks(mut self, hooks: HookPolicy) -> Self {
        self.hooks = hooks;
        self
    }

    /// Sets how far events go, and how many wait.
    #[must_use]
    pub fn events(mut self, events: EventPolicy) -> Self {
        self.events = events;
        self
    }

    /// Sets after how many milliseconds without a call a plugin is put to sleep that can be woken.
    #[must_use]
    pub fn idle_ms(mut self, idle_ms: u64) -> Self {
        self.idle_ms = Some(idle_ms);
        self
    }
}

/// What an operator accepted for a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Everything that the manifest asks for: for plugins of the host's own making.
    Everything,
    /// Only these permissions.
    Only(BTreeSet<String>),
}

impl Consent {
    /// Nothing: the plugin runs only if it asks for nothing that it needs.
    pub fn nothing() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// These permissions and no others.
    pub fn to<S: Into<String>>(permissions: impl IntoIterator<Item = S>) -> Self {
        Self::Only(permissions.into_iter().map(Into::into).collect())
    }

    pub(super) fn covers(&self, permission: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(accepted) => accepted.contains(permission),
        }
    }
}
