#![allow(clippy::unwrap_used)]

use super::*;

const SECOND: u64 = 1_000;

fn guard(change: impl FnOnce(&mut GuardPolicy)) -> Guard {
    let mut policy = GuardPolicy::default();
    change(&mut policy);
    Guard::new(policy, GuardRecord::default())
}

/// The calls of a text, one a second: `x` fails, `.` goes well, `e` fails by the plugin's own word. Gives after how many it was disabled.
fn tripped_after(guard: &mut Guard, calls: &str) -> Option<usize> {
    for (number, call) in calls.chars().enumerate() {
        let outcome = match call {
            'x' => Outcome::Trapped,
            'e' => Outcome::GuestError,
            _ => Outcome::Returned,
        };
        let verdict = guard.ended(outcome, number as u64 * SECOND);
        if matches!(verdict.turn, Some(Turn::Tripped(_))) {
            return Some(number + 1);
        }
    }
    None
}

/// Proves O6: five failures in a row disable; a success resets the count; what is not the plugin's breaking is neither.
#[test]
fn failures_in_a_row() {
    let after = |calls| tripped_after(&mut guard(|_| {}), calls);
    assert_eq!(after("xxxxx"), Some(5));
    assert_eq!(after("....xxxx.x"), None);
    assert_eq!(after("xxxx.xxxx"), None);
    assert_eq!(after("xexexexex"), Some(9));
    assert_eq!(after(&"e".repeat(1_000)), None);
    let mut tripped = guard(|_| {});
    assert_eq!(tripped_after(&mut tripped, "xxxxx"), Some(5));
    assert_eq!(tripped.reason(), Some("disabled after 5 failures in a row"));
}

/// Proves O6: a success now and then does not hide a loop; a plugin that mostly works is left alone.
#[test]
fn frequent_failures() {
    let after = |calls: &str| tripped_after(&mut guard(|_| {}), &calls.repeat(100));
    assert_eq!(after("xx."), Some(14));
    assert_eq!(after("x."), Some(19));
    assert_eq!(after("x.."), None);
    assert_eq!(after("xxxx............"), None);
    // What worked before the failures does not make them fewer.
    let mut late = guard(|_| {});
    assert_eq!(
        tripped_after(&mut late, &(".".repeat(100) + &"x.".repeat(20))),
        Some(119)
    );
    assert_eq!(
        late.reason(),
        Some("disabled after 10 failures in 19 calls")
    );
    let mut only_in_a_row = guard(|policy| policy.rate = 1.1);
    assert_eq!(
        tripped_after(&mut only_in_a_row, &"xxxx.".repeat(100)),
        None
    );
}

/// Proves O6: failures that lie further apart than the window are no loop, and are forgotten.
#[test]
fn failures_beyond_the_window() {
    let mut guard = guard(|policy| policy.window_ms = 10 * SECOND);
    for minute in 0..100 {
        let verdict = guard.ended(Outcome::Trapped, minute * 60 * SECOND);
        assert_eq!(verdict, Verdict::kept());
        assert_eq!(guard.record().failures_ms.len(), 1);
    }
    let verdict = guard.ended(Outcome::Returned, 100 * 60 * SECOND);
    assert!(verdict.keep && !guard.is_watching());
    assert_eq!(*guard.record(), GuardRecord::default());
}

/// Proves O6: an operator puts a plugin on trial; one failure ends it, enough successes end the matter.
#[test]
fn a_trial_is_passed_or_not() {
    for (calls, tripped, watching) in [
        ("x", true, false),
        ("..x", true, false),
        ("...", false, false),
        ("..", false, true),
    ] {
        let mut guard = guard(|_| {});
        assert_eq!(tripped_after(&mut guard, "xxxxx"), Some(5));
        assert_eq!(guard.ended(Outcome::Trapped, 9), Verdict::default());
        assert_eq!(guard.ended(Outcome::Returned, 9), Verdict::default());
        assert!(!guard.is_watching());
        assert_eq!(guard.enabled(), Verdict::kept());
        assert_eq!((guard.trial(), guard.reason()), (Some(3), None));
        assert_eq!(
            tripped_after(&mut guard, calls).is_some(),
            tripped,
            "{calls}"
        );
        assert_eq!(guard.is_watching(), watching, "{calls}");
    }
    let mut trusted = guard(|policy| policy.probation = 0);
    assert_eq!(tripped_after(&mut trusted, "xxxxx"), Some(5));
    assert_eq!(trusted.enabled(), Verdict::of(Turn::Recovered));
    assert_eq!(*trusted.record(), GuardRecord::default());
}

/// Proves O6: enabling forgets what a plugin in order failed at, and the record of a passed trial is empty.
#[test]
fn enabling_forgets() {
    let mut guard = guard(|_| {});
    assert_eq!(guard.enabled(), Verdict::default());
    assert_eq!(tripped_after(&mut guard, "xxxx"), None);
    assert_eq!(guard.enabled(), Verdict::kept());
    assert_eq!(tripped_after(&mut guard, "xxxx"), None);
}

/// Proves O6: what is kept is enough to go on with after a restart, whatever a store made of it, and never grows beyond a limit.
#[test]
fn a_record_goes_on() {
    let mut before = guard(|_| {});
    assert_eq!(tripped_after(&mut before, "x.xxxx"), None);
    let json = serde_json::to_string(before.record()).unwrap();
    let record: GuardRecord = serde_json::from_str(&json).unwrap();
    let mut after = Guard::new(GuardPolicy::default(), record);
    assert_eq!(tripped_after(&mut after, "x"), Some(1));

    let old = r#"{ "state": { "state": "closed" }, "failures_ms": [1, 2, 3, 4] }"#;
    let mut old = Guard::new(GuardPolicy::default(), serde_json::from_str(old).unwrap());
    assert_eq!(tripped_after(&mut old, "x"), Some(1));

    let long = GuardRecord {
        failures_ms: vec![0; 100_000],
        ..GuardRecord::default()
    };
    let kept = Guard::new(GuardPolicy::default(), long.clone());
    assert_eq!(kept.record().failures_ms.len(), 10);
    let endless = GuardPolicy {
        failures: u32::MAX,
        ..GuardPolicy::default()
    };
    assert_eq!(Guard::new(endless, long).record().failures_ms.len(), 2_000);
}

/// Proves O6: a guard that is off disables nothing, and forgets what one before it disabled.
#[test]
fn off_is_off() {
    let open = GuardRecord {
        state: GuardState::Open {
            since_ms: 1,
            reason: "because".to_owned(),
        },
        ..GuardRecord::default()
    };
    let mut off = Guard::new(GuardPolicy::off(), open);
    assert_eq!(off.reason(), None);
    assert_eq!(tripped_after(&mut off, &"x".repeat(1_000)), None);
    let mut nothing_counts = guard(|policy| policy.counts.clear());
    assert_eq!(tripped_after(&mut nothing_counts, &"x".repeat(100)), None);
}
