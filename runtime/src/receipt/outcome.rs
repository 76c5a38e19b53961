//! How a call ended, and whose doing that was.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a call ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// The plugin replied, and its changes are committed.
    Returned,
    /// The plugin replied with an error of its own; it changed nothing.
    GuestError,
    /// The call ended because the plugin used what it was not granted, and the policy is to raise.
    Denied,
    /// The plugin crashed: a trap, a panic, an exit, or a reply that breaks the contract.
    Trapped,
    /// The wall time ran out, in the plugin or while it waited for the host.
    TimedOut,
    /// The fuel ran out.
    OutOfFuel,
    /// The plugin asked for more memory or table space than its limit.
    OutOfMemory,
    /// Another budget ran out: the size of a reply, handles, host calls; or the quota of the key-value store, where the commit found that
    /// other calls had taken the room.
    OverBudget,
    /// The caller dropped the call before it ended, and nothing was changed; or the runtime that it ran on was shut down while the store
    /// committed, and [`Commit::Unknown`](super::Commit::Unknown) says so.
    Cancelled,
    /// The host failed: a port, the commit, or the runtime itself.
    HostFault,
    /// The plugin never ran: it is stopped, it is disabled, by an operator or because it failed too often, or no slot came free in time.
    NotRun,
}

impl Outcome {
    /// All outcomes, in the order of their declaration.
    pub const ALL: [Self; 11] = [
        Self::Returned,
        Self::GuestError,
        Self::Denied,
        Self::Trapped,
        Self::TimedOut,
        Self::OutOfFuel,
        Self::OutOfMemory,
        Self::OverBudget,
        Self::Cancelled,
        Self::HostFault,
        Self::NotRun,
    ];

    /// The outcome's name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::GuestError => "guest-error",
            Self::Denied => "denied",
            Self::Trapped => "trapped",
            Self::TimedOut => "timed-out",
            Self::OutOfFuel => "out-of-fuel",
            Self::OutOfMemory => "out-of-memory",
            Self::OverBudget => "over-budget",
            Self::Cancelled => "cancelled",
            Self::HostFault => "host-fault",
            Self::NotRun => "not-run",
        }
    }

    /// Whose doing it was, as far as the outcome alone tells; `None` for a call that returned or was cancelled. A receipt knows better: a call
    /// whose time ran out because of a port, or of others that kept it from running, names the host.
    pub fn blame(self) -> Option<Blame> {
        match self {
            Self::Returned | Self::Cancelled => None,
            Self::HostFault | Self::NotRun => Some(Blame::Host),
            _ => Some(Blame::Guest),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whose doing a failure was.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The plugin's.
    Guest,
    /// The host's.
    Host,
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Guest => "guest",
            Self::Host => "host",
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_match_their_json() {
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
    }
}
