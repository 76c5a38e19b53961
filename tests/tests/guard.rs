//! A plugin that fails again and again is disabled, and comes back when an operator says so and it has stood its trial.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "guard/others.rs"]
mod others;
#[path = "guard/watched.rs"]
mod watched;

use std::sync::Arc;

use futures_util::future::join_all;
use portcullis::event::EventKind::{self, Failed, Probation, Recovered, Tripped};
use portcullis::extension::Skip;
use portcullis::guard::GuardPolicy;
use portcullis::host::PluginState;
use portcullis::{Outcome, Receipt};
use portcullis_tests::{Records, component, embed, limits};
use serde_json::json;

use watched::{Watched, guarded, id};

fn was_refused(receipt: &Receipt<bool>, why: &str) {
    assert_eq!(receipt.outcome, Outcome::NotRun, "{receipt}");
    assert!(
        receipt.message.as_ref().unwrap().starts_with(why),
        "{receipt}"
    );
}

const FIVE: &str = "disabled after 5 failures in a row";

/// Proves O6: a plugin is disabled after exactly five failures, tells why, and the calls of others go on.
#[tokio::test(flavor = "multi_thread")]
async fn five_failures_disable() {
    let watched = Watched::new(guarded(), &Arc::default());
    let (hostile, noop) = (
        watched.rig.load("hostile").await,
        watched.rig.load("noop").await,
    );
    for call in 1..=5 {
        let receipt = watched
            .rig
            .evaluate("plugin:hostile:unreachable", json!({}))
            .await
            .dispatched
            .unwrap();
        assert_eq!(receipt.outcome, Outcome::Trapped, "call {call}: {receipt}");
    }
    let sixth = watched
        .rig
        .evaluate("plugin:hostile:echo", json!({}))
        .await
        .dispatched;
    assert!(
        matches!(sixth, Err(Skip::Disabled | Skip::Unknown)),
        "{sixth:?}"
    );
    was_refused(
        &watched.rig.ask(&hostile, "echo", json!({})).await,
        "disabled after 5 failures in a row; enable it again",
    );
    assert_eq!(
        watched.status(),
        (PluginState::Disabled, Some(FIVE.to_owned()))
    );
    watched.disabled("hostile").await;
    assert_eq!(
        watched
            .rig
            .evaluate("plugin:hostile:echo", json!({}))
            .await
            .dispatched
            .unwrap_err(),
        Skip::Unknown
    );
    assert_eq!(
        watched.rig.ask(&noop, "noop", json!({})).await.reply,
        Some(true)
    );
    let tripped: Vec<_> = watched
        .events
        .all()
        .into_iter()
        .filter(|event| event.kind == Tripped)
        .collect();
    let [tripped] = tripped.as_slice() else {
        panic!("{tripped:?}");
    };
    assert_eq!(tripped.message, FIVE);
    let fifth = watched.rig.receipts.all().into_iter();
    let fifth = fifth
        .filter(|record| record.outcome == Outcome::Trapped)
        .nth(4)
        .unwrap();
    assert_eq!(tripped.call, Some(fifth.id));
    assert_eq!(
        watched.events.count(Failed),
        6,
        "and the one that never ran"
    );
}

/// Proves O6: a restart of the host does not forget, neither that a plugin is disabled nor how often it has failed.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_does_not_forget() {
    let records = Arc::<Records>::default();
    let first = Watched::new(guarded(), &records);
    let hostile = first.rig.load("hostile").await;
    first.calls(&hostile, "....").await;
    assert_eq!(records.writes(), 0, "a call that goes well writes nothing");
    first.calls(&hostile, "xxxx").await;
    assert_eq!(records.writes(), 4);
    drop((first, hostile));

    let second = Watched::new(guarded(), &records);
    let hostile = second.rig.load("hostile").await;
    assert_eq!(second.calls(&hostile, "x").await, [Outcome::Trapped]);
    was_refused(&second.rig.ask(&hostile, "echo", json!({})).await, FIVE);
    drop((second, hostile));

    let third = Watched::new(guarded(), &records);
    let hostile = third.rig.load("hostile").await;
    assert_eq!(
        third.status(),
        (PluginState::Disabled, Some(FIVE.to_owned()))
    );
    assert_eq!(third.entries("hostile"), 0);
    was_refused(&third.rig.ask(&hostile, "echo", json!({})).await, FIVE);
    assert_eq!(third.events.of("hostile"), [EventKind::Loaded, Failed]);
    third.rig.host.enable(&id("hostile")).await.unwrap();
    assert_eq!(third.calls(&hostile, "...").await, [Outcome::Returned; 3]);
    drop((third, hostile));

    let fourth = Watched::new(guarded(), &records);
    fourth.rig.load("hostile").await;
    assert_eq!(fourth.status(), (PluginState::Enabled, None));
}

/// Proves O6: a success resets the count, an error of the plugin's own is no failure, and failures long ago are none any more.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_add_up() {
    let watched = Watched::new(guarded(), &Arc::default());
    let hostile = watched.rig.load("hostile").await;
    watched.calls(&hostile, "xxxx.xxxx............e").await;
    watched.calls(&hostile, &"e".repeat(20)).await;
    assert_eq!(watched.status().0, PluginState::Enabled);
    watched.calls(&hostile, "....xxxx").await;
    watched.clock.pass(300_001);
    watched.calls(&hostile, "xxxx").await;
    assert_eq!(watched.status(), (PluginState::Enabled, None));
    watched.calls(&hostile, "x").await;
    assert_eq!(watched.status().1.unwrap(), FIVE);
}

/// Proves O6: a success now and then hides nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_success_now_and_then_hides_nothing() {
    let watched = Watched::new(guarded(), &Arc::default());
    let hostile = watched.rig.load("hostile").await;
    let outcomes = watched.calls(&hostile, &"xx.".repeat(6)).await;
    let ran = outcomes
        .iter()
        .filter(|outcome| **outcome != Outcome::NotRun)
        .count();
    assert_eq!(ran, 14, "{outcomes:?}");
    assert_eq!(
        watched.status().1.unwrap(),
        "disabled after 10 failures in 14 calls"
    );
}

/// Proves O6: after an operator enabled it one failure disables a plugin again, and three successes end the matter.
#[tokio::test(flavor = "multi_thread")]
async fn a_trial_after_enabling() {
    let watched = Watched::new(guarded(), &Arc::default());
    let hostile = watched.rig.load("hostile").await;
    watched.calls(&hostile, "xxxxx").await;
    watched.rig.host.enable(&id("hostile")).await.unwrap();
    assert_eq!(watched.status(), (PluginState::Enabled, None));
    assert!(watched.entries("hostile") > 0);
    watched.calls(&hostile, "..x").await;
    assert_eq!(
        watched.status().1.unwrap(),
        "disabled after a failure on trial"
    );
    watched.disabled("hostile").await;
    watched.rig.host.enable(&id("hostile")).await.unwrap();
    watched.calls(&hostile, "...xxxx").await;
    assert_eq!(watched.status(), (PluginState::Enabled, None));
    watched.calls(&hostile, "x").await;
    assert_eq!(watched.status().1.unwrap(), FIVE);
    let turns: Vec<_> = watched
        .events
        .of("hostile")
        .into_iter()
        .filter(|kind| [Tripped, Probation, Recovered].contains(kind))
        .collect();
    assert_eq!(
        turns,
        [Tripped, Probation, Tripped, Probation, Recovered, Tripped]
    );
}

/// Proves O6: calls that fail at once disable a plugin once, and of those that come after none runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn failing_at_once_disables_once() {
    let watched = Watched::new(guarded(), &Arc::default());
    let hostile = watched.rig.load("hostile").await;
    let calls = (0..64).map(|_| {
        let (rig, hostile) = (watched.rig.clone(), hostile.clone());
        tokio::spawn(async move { rig.ask(&hostile, "unreachable", json!({})).await.outcome })
    });
    let outcomes: Vec<_> = join_all(calls)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let ran = outcomes
        .iter()
        .filter(|outcome| **outcome == Outcome::Trapped)
        .count();
    let refused = outcomes
        .iter()
        .filter(|outcome| **outcome == Outcome::NotRun)
        .count();
    assert_eq!(ran + refused, 64);
    assert!(ran >= 5, "{outcomes:?}");
    assert_eq!(watched.events.count(Tripped), 1);
    was_refused(&watched.rig.ask(&hostile, "echo", json!({})).await, FIVE);
    watched.disabled("hostile").await;
}

/// Proves O6: a call that was in flight when its plugin was disabled does not end the trial that follows.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_from_before_the_trial_does_not_count() {
    let policy = limits(|limits| limits.wall_ms = 1_500).guard(GuardPolicy::default());
    let watched = Watched::new(policy, &Arc::default());
    let hostile = watched.rig.load("hostile").await;
    let old = watched.sleeper(&hostile).await;
    watched.calls(&hostile, "xxxxx").await;
    watched.rig.host.enable(&id("hostile")).await.unwrap();
    assert_eq!(old.await.unwrap().outcome, Outcome::TimedOut);
    assert_eq!(watched.status(), (PluginState::Enabled, None));
    assert_eq!(watched.calls(&hostile, "...").await, [Outcome::Returned; 3]);
    assert_eq!(watched.events.count(Recovered), 1);
}

/// `orderly`, whose effect fails when its parameters do not fit into a crossing.
fn orderly(version: &str) -> portcullis::Package {
    let manifest = portcullis_tests::plugins::root().join("tests/guests/orderly/plugin.toml");
    let manifest = std::fs::read_to_string(manifest)
        .unwrap()
        .replace("version = \"0.1.0\"", &format!("version = \"{version}\""));
    let manifest = format!("{manifest}\n[limits]\nresult_bytes = 4096\n");
    embed(&component("orderly"), &manifest)
}

/// Proves O6, E1: the plugin is told that it is disabled; a new version of it stays disabled, is loaded and not enabled, until an operator
/// enables it.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_stays_disabled() {
    let watched = Watched::new(guarded(), &Arc::default());
    watched.rig.load_package(orderly("0.1.0")).await;
    let too_much = json!({ "text": "x".repeat(10_000) });
    for _ in 0..5 {
        let applied = watched
            .rig
            .apply("effect:plugin:orderly:first-effect", too_much.clone())
            .await;
        assert_eq!(applied.dispatched.unwrap().outcome, Outcome::OverBudget);
    }
    watched.disabled("orderly").await;
    let steps = |watched: &Watched| -> Vec<String> {
        let receipts = watched.rig.receipts.take().into_iter();
        let steps = receipts.filter(|record| record.extension == "lifecycle");
        steps.map(|record| record.operation.to_string()).collect()
    };
    let mut seen = Vec::new();
    while seen.last().is_none_or(|step| step != "disable") {
        seen.extend(steps(&watched));
        tokio::task::yield_now().await;
    }
    assert_eq!(seen, ["load", "enable", "disable"]);

    watched.rig.load_package(orderly("0.2.0")).await;
    assert_eq!(steps(&watched), ["load", "stop"]);
    assert_eq!(watched.entries("orderly"), 0);
    let status = watched.rig.host.plugins().into_iter().next().unwrap();
    assert_eq!(
        (status.identity.version.to_string(), status.reason),
        ("0.2.0".to_owned(), Some(FIVE.to_owned()))
    );
    watched.rig.host.enable(&id("orderly")).await.unwrap();
    assert_eq!(steps(&watched), ["enable"]);
    assert_eq!(watched.entries("orderly"), 5, "what its `load` registered");
    assert!(
        watched
            .rig
            .evaluate("plugin:orderly:first-condition", json!({}))
            .await
            .holds
    );
    watched.rig.host.unload(&id("orderly")).await.unwrap();
    assert_eq!(
        watched.events.of("orderly").last(),
        Some(&EventKind::Unloaded)
    );
}

/// Proves O6: an operator may switch the guard off; a plugin that one disabled serves again.
#[tokio::test(flavor = "multi_thread")]
async fn a_guard_that_is_off_lets_all_through() {
    let records = Arc::<Records>::default();
    let strict = Watched::new(guarded(), &records);
    let hostile = strict.rig.load("hostile").await;
    strict.calls(&hostile, "xxxxx").await;
    let off = Watched::new(limits(|_| {}), &records);
    let hostile = off.rig.load("hostile").await;
    let outcomes = off.calls(&hostile, &"x".repeat(20)).await;
    assert_eq!(outcomes, [Outcome::Trapped; 20]);
}
