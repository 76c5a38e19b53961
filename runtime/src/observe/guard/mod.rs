//! What the crash-loop guard makes of a plugin's receipts: closed while the plugin is in order, open once it failed too often, half-open
//! while it is on trial after an operator enabled it again.

#[cfg(test)]
mod tests;

use crate::guard::{GuardPolicy, GuardRecord, GuardState, Turn};
use crate::receipt::Outcome;

/// One plugin's guard. Knows no time but the one that it is told, in milliseconds since 1970.
#[derive(Debug)]
pub(crate) struct Guard {
    policy: GuardPolicy,
    record: GuardRecord,
}

/// What a call came to for the guard.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Whether the record changed in a way that a restart must not forget.
    pub(crate) keep: bool,
    /// What others are to hear of.
    pub(crate) turn: Option<Turn>,
}

impl Verdict {
    fn kept() -> Self {
        Self {
            keep: true,
            turn: None,
        }
    }

    fn of(turn: Turn) -> Self {
        Self {
            keep: true,
            turn: Some(turn),
        }
    }
}

impl Guard {
    /// The guard of a plugin with what was kept of it. Under a policy that is off nothing is.
    pub(crate) fn new(policy: GuardPolicy, mut record: GuardRecord) -> Self {
        if policy.is_off() {
            record = GuardRecord::default();
        }
        // What a store keeps is the embedder's: a list that is too short or too long is no reason to fail.
        record.successes.resize(record.failures_ms.len(), 0);
        let mut guard = Self { policy, record };
        guard.forget_beyond_limit();
        guard
    }

    /// What is to be kept.
    pub(crate) fn record(&self) -> &GuardRecord {
        &self.record
    }

    /// Why the plugin is disabled, if it is.
    pub(crate) fn reason(&self) -> Option<&str> {
        match &self.record.state {
            GuardState::Open { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// Whether calls that go well matter, too.
    pub(crate) fn is_watching(&self) -> bool {
        match self.record.state {
            GuardState::Closed => !self.record.failures_ms.is_empty(),
            GuardState::HalfOpen { .. } => true,
            GuardState::Open { .. } => false,
        }
    }

    /// Takes note of a call that ended. Whether it began early enough to matter is for others to tell.
    pub(crate) fn ended(&mut self, outcome: Outcome, now_ms: u64) -> Verdict {
        if self.policy.is_off() {
            return Verdict::default();
        }
        if self.policy.counts.contains(&outcome) {
            return self.failed(now_ms);
        }
        match outcome {
            Outcome::Returned => self.succeeded(now_ms),
            _ => Verdict::default(),
        }
    }

    fn failed(&mut self, now_ms: u64) -> Verdict {
        match self.record.state {
            // It was in flight when the plugin was disabled.
            GuardState::Open { .. } => Verdict::default(),
            GuardState::HalfOpen { .. } => {
                self.trip(now_ms, "disabled after a failure on trial".to_owned())
            }
            GuardState::Closed => {
                self.record.failures_ms.push(now_ms);
                self.record.successes.push(0);
                self.forget_beyond_limit();
                self.forget_before_window(now_ms);
                match self.too_many() {
                    Some(reason) => self.trip(now_ms, reason),
                    None => Verdict::kept(),
                }
            }
        }
    }

    /// Why the failures are too many, if they are.
    fn too_many(&self) -> Option<String> {
        let failures = self.record.failures_ms.len();
        let before_last = self.record.successes.iter().rev().skip(1);
        let in_a_row = 1 + before_last.take_while(|successes| **successes == 0).count();
        if in_a_row >= self.policy.in_a_row() {
            return Some(format!("disabled after {}", failures_in_a_row(in_a_row)));
        }
        let successes: u64 = self.record.successes.iter().sum();
        let calls = failures as u64 + successes;
        let is_frequent = failures as f64 >= self.policy.rate * calls as f64;
        (failures >= self.policy.scattered() && is_frequent)
            .then(|| format!("disabled after {failures} failures in {calls} calls"))
    }

    fn trip(&mut self, now_ms: u64, reason: String) -> Verdict {
        self.record.state = GuardState::Open {
            since_ms: now_ms,
            reason: reason.clone(),
        };
        Verdict::of(Turn::Tripped(reason))
    }

    fn succeeded(&mut self, now_ms: u64) -> Verdict {
        match &mut self.record.state {
            GuardState::Open { .. } => Verdict::default(),
            GuardState::HalfOpen { successes_left } => {
                *successes_left = successes_left.saturating_sub(1);
                if *successes_left > 0 {
                    return Verdict::kept();
                }
                self.record = GuardRecord::default();
                Verdict::of(Turn::Recovered)
            }
            GuardState::Closed => {
                let forgot = self.forget_before_window(now_ms);
                let last = self.record.successes.last_mut();
                let first = last.is_some_and(|last| {
                    *last += 1;
                    *last == 1
                });
                Verdict {
                    keep: forgot || first,
                    turn: None,
                }
            }
        }
    }

    /// An operator enables the plugin: one that was disabled for its failures is on trial, and what others failed at is forgotten.
    pub(crate) fn enabled(&mut self) -> Verdict {
        let successes_left = self.policy.probation;
        match self.record.state {
            GuardState::Open { .. } if successes_left > 0 => {
                self.record = GuardRecord {
                    state: GuardState::HalfOpen { successes_left },
                    ..GuardRecord::default()
                };
                Verdict::kept()
            }
            GuardState::Open { .. } => {
                self.record = GuardRecord::default();
                Verdict::of(Turn::Recovered)
            }
            GuardState::Closed if !self.record.failures_ms.is_empty() => {
                self.record = GuardRecord::default();
                Verdict::kept()
            }
            GuardState::Closed | GuardState::HalfOpen { .. } => Verdict::default(),
        }
    }

    /// How many calls must still go well, if the plugin is on trial.
    pub(crate) fn trial(&self) -> Option<u32> {
        match self.record.state {
            GuardState::HalfOpen { successes_left } => Some(successes_left),
            _ => None,
        }
    }

    /// Keeps no more failures than can matter.
    fn forget_beyond_limit(&mut self) {
        let count = self.record.failures_ms.len();
        self.forget(count.saturating_sub(self.policy.scattered()));
    }

    /// Forgets failures that are too old to count; tells whether there were any.
    fn forget_before_window(&mut self, now_ms: u64) -> bool {
        let is_old = |then: &&u64| now_ms.saturating_sub(**then) > self.policy.window_ms;
        let old = self.record.failures_ms.iter().take_while(is_old).count();
        self.forget(old);
        old > 0
    }

    fn forget(&mut self, oldest: usize) {
        self.record.failures_ms.drain(..oldest);
        self.record.successes.drain(..oldest);
    }
}

fn failures_in_a_row(count: usize) -> String {
    match count {
        1 => "a failure".to_owned(),
        _ => format!("{count} failures in a row"),
    }
}
