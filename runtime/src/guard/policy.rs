//! When the guard disables a plugin.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::receipt::Outcome;

/// However patient a policy is, no more failures than this are waited for: their times are kept.
const MOST_FAILURES: u32 = 1_000;

/// When the crash-loop guard disables a plugin, and how a plugin comes back. Times in milliseconds.
///
/// A plugin is disabled after `failures` failures in a row within the window. So that a success now and then does not hide a loop, it is
/// also disabled when the last `2 * failures` failures lie within the window and make up at least `rate` of the calls that ended since the
/// first of them.
///
/// What others bring about is no failure of the plugin's: that one answer of a port took more than half of its time when it ran out (unless the
/// plugin waited for a handler of its own), that other plugins that compute kept it from running for more than nine tenths of it, that it ran out
/// in an attempt after a conflict that had less than half of it left, or that other calls filled its key-value store while it ran.
///
/// Only calls by the host's application count, not those of `lifecycle`, which the host makes when a plugin's state changes: a plugin whose
/// `load` or `enable` fails is refused anyway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct GuardPolicy {
    /// How many failures in a row disable a plugin. 0 turns the guard off, and more than 1,000 mean 1,000. Default 5.
    pub failures: u32,
    /// Failures that are older do not count. Default 300,000, five minutes.
    pub window_ms: u64,
    /// The outcomes that are failures. By default those of a plugin that breaks or does not end: `trapped`, `timed-out`, `out-of-fuel`,
    /// `out-of-memory` and `over-budget`. Not `guest-error`, which is an answer of the plugin's, nor `denied`, which is a decision of the
    /// host's: both leave the plugin in order. Of the other outcomes only `returned` is a success; the rest says nothing about the plugin.
    pub counts: BTreeSet<Outcome>,
    /// The share of failures among the calls that ended, from 0 to 1, that disables a plugin once `2 * failures` of them are in the window.
    /// Default 0.5; above 1 only failures in a row count.
    pub rate: f64,
    /// How many calls must go well after an operator enabled a disabled plugin again. Until then one failure disables it. Default 3; with 0
    /// there is no trial.
    pub probation: u32,
}

impl Default for GuardPolicy {
    fn default() -> Self {
        Self {
            failures: 5,
            window_ms: 300_000,
            counts: BTreeSet::from([
                Outcome::Trapped,
                Outcome::TimedOut,
                Outcome::OutOfFuel,
                Outcome::OutOfMemory,
                Outcome::OverBudget,
            ]),
            rate: 0.5,
            probation: 3,
        }
    }
}

impl GuardPolicy {
    /// No guard: a plugin may fail for ever, and one that was disabled before is not.
    pub fn off() -> Self {
        Self {
            failures: 0,
            ..Self::default()
        }
    }

    /// Whether nothing is ever disabled.
    pub fn is_off(&self) -> bool {
        self.failures == 0 || self.counts.is_empty()
    }

    /// The failures in a row that disable a plugin.
    pub(crate) fn in_a_row(&self) -> usize {
        self.failures.min(MOST_FAILURES) as usize
    }

    /// The failures, not in a row, that disable a plugin if they are frequent. As many are kept.
    pub(crate) fn scattered(&self) -> usize {
        self.in_a_row() * 2
    }
}
