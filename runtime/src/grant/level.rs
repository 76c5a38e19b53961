//! Security levels: policies with a name, from the least protection to the most.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Instances, OnDenied, Policy};
use crate::guard::GuardPolicy;
use crate::limits::Limits;
use crate::manifest::RawTable;
use crate::permission::PERMISSIONS;

const MIB: u64 = 1024 * 1024;

/// How far a host trusts plugins. Each level is a [`Policy`] to start from: a host may still change all of it.
///
/// Levels differ in permissions, limits, instances, what a denial does and how patient the guard is. They do not differ in where plugins run:
/// in this version all of them run in the host's process, so no level contains more than wasmtime does.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SecurityLevel {
    /// For plugins of the host's own making: every permission may be granted, dangerous ones are switched on, limits are generous, instances
    /// stay warm, and denials are in the receipt only.
    Minimal,
    /// The default policy.
    #[default]
    Standard,
    /// For plugins of others: nothing dangerous and nothing that leads out of the simulation, half the limits, and a denial ends the call.
    Strict,
    /// For plugins that nobody has looked at: what is asked of them, the log, and what is their own. They run on the engine that meters fuel,
    /// where a call on the same state is the same call each time.
    Isolated,
}

/// What leads out of the simulation: to other plugins, to the network, to text generators, to files, to people, to databases. What only
/// comes in from there (events, the results of jobs) does not.
const OUTWARD: [&str; 13] = [
    "plugin:call",
    "event:emit",
    "http:fetch",
    "socket:send",
    "notify:send",
    "file:read",
    "file:write",
    "user:read",
    "db:read",
    "redis:read",
    "redis:write",
    "ai:invoke",
    "generation:submit",
];

/// What an isolated plugin may hold: what it is asked for, and what is its own.
const OWN: [&str; 8] = [
    "behavior:extend_conditions",
    "behavior:extend_effects",
    "behavior:configure_simulation",
    "log:emit",
    "config:read",
    "kv:read",
    "kv:write",
    "session:read",
];

impl SecurityLevel {
    /// All levels, from the least protection to the most.
    pub const ALL: [Self; 4] = [Self::Minimal, Self::Standard, Self::Strict, Self::Isolated];

    /// The level's name, as on the command line and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Standard => "standard",
            Self::Strict => "strict",
            Self::Isolated => "isolated",
        }
    }

    /// For which plugins the level is.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Minimal => "plugins of the host's own making",
            Self::Standard => "plugins that an operator has looked at",
            Self::Strict => "plugins of others",
            Self::Isolated => "plugins that nobody has looked at",
        }
    }

    /// Where the plugin's code runs. The same for all levels in this version: there is no process between a host and its plugins.
    pub fn placement(self) -> &'static str {
        "in the host's process"
    }

    /// The policy that the level stands for.
    pub fn policy(self) -> Policy {
        match self {
            Self::Minimal => minimal(),
            Self::Standard => Policy::new(),
            Self::Strict => strict(),
            Self::Isolated => isolated(),
        }
    }
}

impl Policy {
    /// The policy that a level stands for.
    pub fn of(level: SecurityLevel) -> Self {
        level.policy()
    }
}

fn minimal() -> Policy {
    let limits = Limits {
        wall_ms: 10_000,
        memory_bytes: 256 * MIB,
        table_elements: 100_000,
        handles: 20_000,
        result_bytes: 16 * MIB,
        log_records: 4_096,
        log_bytes: 4 * MIB,
        host_calls: 1_000_000,
        reads: 100_000,
        random_bytes: 16 * MIB,
        write_bytes: 16 * MIB,
        kv_bytes: 64 * MIB,
        kv_keys: 100_000,
        ..Limits::default()
    };
    let guard = GuardPolicy {
        failures: 20,
        ..GuardPolicy::default()
    };
    let policy = Policy::new()
        .limits(limits)
        .instances(Instances::Warm { max_idle: 4 })
        .on_denied(OnDenied::Silent)
        .guard(guard);
    dangerous().fold(policy, Policy::switch_on)
}

fn strict() -> Policy {
    let limits = Limits {
        wall_ms: 500,
        memory_bytes: 32 * MIB,
        table_elements: 10_000,
        handles: 1_000,
        result_bytes: MIB / 2,
        log_records: 128,
        log_bytes: MIB / 8,
        host_calls: 20_000,
        reads: 5_000,
        random_bytes: MIB / 2,
        write_bytes: MIB / 2,
        kv_bytes: 2 * MIB,
        kv_keys: 5_000,
        ..Limits::default()
    };
    let guard = GuardPolicy {
        failures: 3,
        probation: 5,
        ..GuardPolicy::default()
    };
    let policy = Policy::new()
        .limits(limits)
        .on_denied(OnDenied::Raise)
        .guard(guard);
    dangerous().chain(OUTWARD).fold(policy, Policy::deny)
}

fn isolated() -> Policy {
    let limits = Limits {
        // Fuel ends a call long before, unless the machine is very busy: so it ends the same way each time.
        wall_ms: 1_000,
        memory_bytes: 16 * MIB,
        table_elements: 5_000,
        instances: 16,
        handles: 200,
        result_bytes: MIB / 16,
        log_records: 32,
        log_bytes: MIB / 32,
        host_calls: 1_000,
        reads: 500,
        random_bytes: MIB / 16,
        write_bytes: MIB / 16,
        kv_bytes: MIB / 4,
        kv_keys: 100,
        fuel: Some(20_000_000),
    };
    let guard = GuardPolicy {
        failures: 3,
        probation: 10,
        ..GuardPolicy::default()
    };
    let mut policy = Policy::new()
        .limits(limits)
        .on_denied(OnDenied::Raise)
        .guard(guard);
    // Its own flags, whatever namespaces its manifest names. The text is a table; a test says so.
    if let Ok(own_flags) = RawTable::from_toml_str("namespaces = []") {
        policy = policy.scope("session:read", own_flags);
    }
    OWN.into_iter().fold(policy, Policy::allow)
}

/// The permissions of Portcullis itself that take a switch of the host.
fn dangerous() -> impl Iterator<Item = &'static str> {
    let dangerous = PERMISSIONS
        .iter()
        .filter(|permission| permission.host_switch);
    dangerous.map(|permission| permission.id)
}

impl fmt::Display for SecurityLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no security level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no security level: there are minimal, standard, strict and isolated")]
pub struct SecurityLevelError(String);

impl FromStr for SecurityLevel {
    type Err = SecurityLevelError;

    fn from_str(text: &str) -> Result<Self, SecurityLevelError> {
        let mut levels = Self::ALL.into_iter();
        levels
            .find(|level| level.as_str() == text)
            .ok_or_else(|| SecurityLevelError(text.to_owned()))
    }
}
