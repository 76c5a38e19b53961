//! What others bring about is no failure of a plugin's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portcullis::event::EventKind::{Enabled, Failed, Loaded, Probation, Tripped};
use portcullis::event::{Event, EventSink};
use portcullis::guard::GuardPolicy;
use portcullis::host::PluginState;
use portcullis::receipt::Commit;
use portcullis::{Blame, Limits, Observer, Outcome, Policy, Record};
use portcullis_tests::{Events, Rig, Trouble, limits, rig};
use serde_json::json;

use super::watched::{Watched, id};

/// One failure disables.
fn strict(change: impl FnOnce(&mut Limits)) -> Policy {
    let mut policy = GuardPolicy::default();
    policy.failures = 1;
    limits(change).guard(policy)
}

/// `hostile`, with half a second for each call.
fn hasty() -> portcullis::Package {
    let manifest = portcullis_tests::plugins::root().join("tests/guests/hostile/plugin.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let manifest = format!("{manifest}\n[limits]\nwall_ms = 500\n");
    portcullis_tests::embed(&portcullis_tests::component("hostile"), &manifest)
}

/// Proves O6, C3: a call whose time runs out while another one is in front of it in the line is the host's fault, like one that gives up.
#[tokio::test(flavor = "multi_thread")]
async fn waiting_in_line_is_no_failure() {
    let watched = Watched::new(strict(|limits| limits.wall_ms = 30_000), &Arc::default());
    let keeper = watched.rig.load("keeper").await;
    let hostile = watched.rig.load_package(hasty()).await;
    let state = watched.rig.state.clone();
    let (commits, first) = (state.commits.gate(), {
        let (rig, keeper) = (watched.rig.clone(), keeper.clone());
        let steps = json!({ "steps": [{ "op": "flag.increment", "key": "n" }], "strict": true });
        tokio::spawn(async move { rig.act(&keeper, "steps", steps).await })
    });
    commits.entered().await;
    state.set_flag("alpha", "s1", "keeper", "n", json!(10));
    let reads = state.reads.gate();
    commits.open();
    // It conflicted, and has its turn.
    reads.entered().await;
    state.reads.set(Trouble::None);
    state.commits.set(Trouble::Conflict);
    let receipt = watched
        .rig
        .act(&hostile, "increment-flag", json!({ "key": "n" }))
        .await;
    assert_eq!(
        (receipt.outcome, receipt.blame, receipt.attempts),
        (Outcome::HostFault, Some(Blame::Host), 1),
        "{receipt}"
    );
    assert_eq!(
        (receipt.commit, receipt.message.as_deref()),
        (
            Commit::Refused { writes: 1 },
            Some("other calls keep changing what this one reads")
        )
    );
    assert_eq!(watched.status(), (PluginState::Enabled, None));
    state.commits.set(Trouble::None);
    reads.open();
    let first = first.await.unwrap();
    assert_eq!(
        (first.outcome, first.attempts),
        (Outcome::Returned, 2),
        "{first}"
    );
}

/// Proves O6, C3: a call that was in time and had to run again is not to blame if that is too much.
#[tokio::test(flavor = "multi_thread")]
async fn running_again_is_no_failure() {
    let watched = Watched::new(strict(|limits| limits.wall_ms = 1_500), &Arc::default());
    let hostile = watched.rig.load("hostile").await;
    watched.rig.state.commits.set(Trouble::Conflict);
    let params = json!({ "key": "n", "ms": 1_000 });
    let receipt = watched.rig.act(&hostile, "increment-flag", params).await;
    assert_eq!(
        (receipt.outcome, receipt.attempts),
        (Outcome::TimedOut, 2),
        "{receipt}"
    );
    assert_eq!(watched.status(), (PluginState::Enabled, None));
}

/// Proves O6, X1: waiting for a port is no failure of the plugin's; sleeping is.
#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_the_host_is_no_failure() {
    let watched = Watched::new(strict(|limits| limits.wall_ms = 300), &Arc::default());
    let hostile = watched.rig.load("hostile").await;
    watched.rig.state.reads.set(Trouble::Hang);
    let receipt = watched
        .rig
        .ask(&hostile, "read-flag", json!({ "key": "of-world" }))
        .await;
    assert_eq!(
        (receipt.outcome, receipt.message.as_deref()),
        (
            Outcome::TimedOut,
            Some("the wall time ran out while the plugin waited for the host")
        )
    );
    assert_eq!(receipt.blame, Some(Blame::Host), "{receipt}");
    assert_eq!(watched.status(), (PluginState::Enabled, None));
    watched.rig.state.reads.set(Trouble::None);
    let asleep = watched.sleeper(&hostile).await.await.unwrap();
    assert_eq!(
        (asleep.outcome, asleep.message.as_deref()),
        (
            Outcome::TimedOut,
            Some("the wall time ran out while the plugin waited")
        )
    );
    assert_eq!(watched.status().0, PluginState::Disabled);
}

/// Proves O6, X1: a plugin that asks quick ports again and again until its time is up has spent it itself, whatever it waits for at the end.
#[tokio::test(flavor = "multi_thread")]
async fn asking_again_and_again_is_a_failure() {
    let watched = Watched::new(strict(|limits| limits.wall_ms = 500), &Arc::default());
    let keeper = watched.rig.load("keeper").await;
    let wait = Trouble::Delay(Duration::from_millis(1));
    watched.rig.state.reads.set(wait);
    let step = json!({ "op": "kv.get", "key": "k" });
    let params = json!({ "steps": vec![step; 2_000], "strict": true });
    let receipt = watched.rig.act(&keeper, "steps", params).await;
    assert_eq!(
        (receipt.outcome, receipt.blame),
        (Outcome::TimedOut, Some(Blame::Guest)),
        "{receipt}"
    );
    let keeper = watched.rig.host.plugins().remove(0);
    assert_eq!(keeper.state, PluginState::Disabled);
}

/// Proves O6, C9: a call that found room in the store, and lost it to another call of the plugin before it was committed, did nothing wrong.
#[tokio::test(flavor = "multi_thread")]
async fn losing_the_room_in_the_store_is_no_failure() {
    let watched = Watched::new(strict(|limits| limits.kv_bytes = 100), &Arc::default());
    let keeper = watched.rig.load("keeper").await;
    let gate = watched.rig.state.commits.gate();
    let calls = ["a", "b"].map(|key| {
        let (rig, keeper) = (watched.rig.clone(), keeper.clone());
        let step = json!({ "op": "kv.set", "key": key, "value": "x".repeat(60) });
        let params = json!({ "steps": [step], "strict": true });
        tokio::spawn(async move { rig.act(&keeper, "steps", params).await.outcome })
    });
    for _ in &calls {
        gate.entered().await;
    }
    for _ in &calls {
        gate.open();
    }
    let mut outcomes = Vec::new();
    for call in calls {
        outcomes.push(call.await.unwrap());
    }
    assert!(outcomes.contains(&Outcome::OverBudget), "{outcomes:?}");
    let keeper = watched.rig.host.plugins().remove(0);
    assert_eq!((keeper.state, keeper.reason), (PluginState::Enabled, None));
}

/// Proves O6, X7: what a version fails at after it was replaced is not held against the one in its place.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_is_not_the_newer_one() {
    let watched = Watched::new(strict(|limits| limits.wall_ms = 1_000), &Arc::default());
    let old = watched.rig.load("hostile").await;
    let asleep = watched.sleeper(&old).await;
    watched.rig.load("hostile").await;
    assert_eq!(asleep.await.unwrap().outcome, Outcome::TimedOut);
    assert_eq!(watched.status(), (PluginState::Enabled, None));
}

/// Once armed, takes its time where a call trapped and where a plugin was loaded.
#[derive(Default)]
struct Slow {
    armed: AtomicBool,
    entered: AtomicBool,
    go_on: AtomicBool,
}

impl Slow {
    fn pause(&self) {
        if !self.armed.swap(false, Ordering::SeqCst) {
            return;
        }
        self.entered.store(true, Ordering::SeqCst);
        // Not for ever: a test that failed meanwhile must end.
        for _ in 0..10_000 {
            if self.go_on.load(Ordering::SeqCst) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn arm(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    async fn entered(&self) {
        while !self.entered.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn go_on(&self) {
        self.go_on.store(true, Ordering::SeqCst);
    }
}

impl Observer for Slow {
    fn record(&self, record: &Record) {
        if record.outcome == Outcome::Trapped {
            self.pause();
        }
    }
}

impl EventSink for Slow {
    fn event(&self, event: &Event) {
        if event.kind == Loaded {
            self.pause();
        }
    }
}

/// Proves O6, X7: a version that was replaced a moment ago is called no more, and cannot fail in the name of the one in its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_version_that_was_replaced_fails_no_more() {
    let slow = Arc::<Slow>::default();
    let rig = Rig::with(strict(|_| {}), |builder| {
        builder
            .compile_cache(rig::shared_cache())
            .events(slow.clone())
    });
    let old = rig.load("hostile").await;
    slow.arm();
    let loading = {
        let rig = rig.clone();
        tokio::spawn(async move { rig.load("hostile").await })
    };
    slow.entered().await;
    let late = rig.ask(&old, "unreachable", json!({})).await;
    assert_eq!(late.outcome, Outcome::NotRun, "{late}");
    slow.go_on();
    let new = loading.await.unwrap();
    let called = rig.ask(&new, "echo", json!({ "value": true })).await;
    assert_eq!(called.reply, Some(true), "{called}");
}

/// Proves O5, O6: that a plugin was disabled is told before it is told that it was enabled again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_come_in_their_order() {
    let (slow, events) = (Arc::<Slow>::default(), Arc::<Events>::default());
    let rig = Rig::with(strict(|_| {}), |builder| {
        builder
            .compile_cache(rig::shared_cache())
            .observer(slow.clone())
            .events(events.clone())
    });
    let hostile = rig.load("hostile").await;
    slow.arm();
    let call = {
        let (rig, hostile) = (rig.clone(), hostile.clone());
        tokio::spawn(async move { rig.ask(&hostile, "unreachable", json!({})).await })
    };
    slow.entered().await;
    let enabling = {
        let host = rig.host.clone();
        tokio::spawn(async move { host.enable(&id("hostile")).await })
    };
    tokio::time::sleep(Duration::from_millis(50)).await;
    slow.go_on();
    enabling.await.unwrap().unwrap();
    assert_eq!(call.await.unwrap().outcome, Outcome::Trapped);
    assert_eq!(
        events.of("hostile"),
        [Loaded, Enabled, Failed, Tripped, Enabled, Probation]
    );
}
