//! From the counts of a plugin's calls to how well it is.

use crate::health::{Counts, HealthPolicy, HealthState, PluginHealth};
use crate::identity::Identity;

/// How well a plugin is. `disabled` says why it is not called, `trial` how many calls must still go well before it is trusted again.
pub(crate) fn judge(
    policy: &HealthPolicy,
    plugin: &Identity,
    counts: Counts,
    disabled: Option<String>,
    trial: Option<u32>,
) -> PluginHealth {
    let Counts { calls, errors } = counts;
    let error_rate = if calls == 0 {
        0.0
    } else {
        errors as f64 / calls as f64
    };
    let state = match disabled {
        Some(_) => HealthState::Disabled,
        None if calls < policy.min_calls => HealthState::Healthy,
        None if error_rate >= policy.failing => HealthState::Failing,
        None if error_rate >= policy.degraded => HealthState::Degraded,
        None => HealthState::Healthy,
    };
    let failures = matches!(state, HealthState::Degraded | HealthState::Failing)
        .then(|| format!("{errors} of {calls} calls failed"));
    let trial = trial.map(|left| format!("on trial: {left} more calls must go well"));
    PluginHealth {
        plugin: plugin.plugin.clone(),
        version: plugin.version.clone(),
        state,
        calls,
        errors,
        error_rate,
        reason: disabled.or(match (failures, trial) {
            (Some(failures), Some(trial)) => Some(format!("{failures}; {trial}")),
            (failures, trial) => failures.or(trial),
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn health(calls: u64, errors: u64, disabled: Option<&str>, trial: Option<u32>) -> PluginHealth {
        let plugin = serde_json::json!({
            "plugin": "stealth", "version": "1.0.0", "digest": format!("sha256:{}", "0".repeat(64)),
        });
        judge(
            &HealthPolicy::default(),
            &serde_json::from_value(plugin).unwrap(),
            Counts { calls, errors },
            disabled.map(str::to_owned),
            trial,
        )
    }

    /// Proves O2: the thresholds are where the policy puts them.
    #[test]
    fn each_state_begins_at_its_threshold() {
        for (calls, errors, state) in [
            (0, 0, HealthState::Healthy),
            (9, 9, HealthState::Healthy),
            (10, 0, HealthState::Healthy),
            (100, 4, HealthState::Healthy),
            (100, 5, HealthState::Degraded),
            (100, 49, HealthState::Degraded),
            (100, 50, HealthState::Failing),
            (10, 10, HealthState::Failing),
        ] {
            assert_eq!(
                health(calls, errors, None, None).state,
                state,
                "{errors}/{calls}"
            );
        }
    }

    /// Proves O2: what is not healthy says why.
    #[test]
    fn reasons_are_given() {
        assert_eq!(health(100, 0, None, None).reason, None);
        assert_eq!(
            health(20, 10, None, None).reason.unwrap(),
            "10 of 20 calls failed"
        );
        let disabled = health(20, 10, Some("disabled by an operator"), None);
        assert_eq!(
            (disabled.state, disabled.reason.unwrap()),
            (HealthState::Disabled, "disabled by an operator".to_owned())
        );
        let trial = health(10, 1, None, Some(2)).reason.unwrap();
        assert!(
            trial.starts_with("1 of 10 calls failed; on trial: 2"),
            "{trial}"
        );
    }
}
