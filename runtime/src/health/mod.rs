//! Whether plugins are well, as data: their error rates in a window of time, and the thresholds that these are held against.

mod tally;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::manifest::PluginId;

pub(crate) use tally::{Counts, Tally};

/// From which error rates on a plugin is not well. Times in milliseconds, rates from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HealthPolicy {
    /// How far back calls count, in steps of a tenth. Default 300,000, five minutes; at least 10.
    pub window_ms: u64,
    /// With fewer calls in the window a plugin counts as healthy. Default 10.
    pub min_calls: u64,
    /// From this share of errors on a plugin is degraded. Default 0.05.
    pub degraded: f64,
    /// From this share of errors on a plugin is failing. Default 0.5.
    pub failing: f64,
}

impl Default for HealthPolicy {
    fn default() -> Self {
        Self {
            window_ms: 300_000,
            min_calls: 10,
            degraded: 0.05,
            failing: 0.5,
        }
    }
}

/// How well a plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealthState {
    /// Few of its calls fail, or it was called too little to tell.
    Healthy,
    /// More of its calls fail than should.
    Degraded,
    /// Most of its calls fail.
    Failing,
    /// It is not called.
    Disabled,
}

impl HealthState {
    /// All states, from the best to the worst.
    pub const ALL: [Self; 4] = [Self::Healthy, Self::Degraded, Self::Failing, Self::Disabled];

    /// The state's name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
            Self::Disabled => "disabled",
        }
    }
}

impl fmt::Display for HealthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The health of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginHealth {
    /// The plugin.
    pub plugin: PluginId,
    /// The version that is loaded. One that takes its place begins anew.
    pub version: semver::Version,
    /// How well it is.
    pub state: HealthState,
    /// The calls in the window: those that ran, and that their caller did not cancel. Calls of `lifecycle` do not count.
    pub calls: u64,
    /// Those of them that did not return.
    pub errors: u64,
    /// Errors by calls, from 0 to 1; 0 where there was no call.
    pub error_rate: f64,
    /// Why it is not healthy, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_match_their_json() {
        for state in HealthState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
