//! More callers than the engine has slots. All hosts of a process share them, so these tests have a process of their own and run one by one.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use portcullis::engine::SLOTS;
use portcullis::grant::Instances;
use portcullis::host::WakeError;
use portcullis::{Blame, Outcome, Plugin, Subject};
use portcullis_tests::forge::{self, Parts};
use portcullis_tests::messenger::step;
use portcullis_tests::plugins::{renamed, root};
use portcullis_tests::{Messenger, Rig, Trouble, component, embed, limits};
use serde_json::json;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

static ONE_BY_ONE: Mutex<()> = Mutex::const_new(());

/// Proves X5: 200 calls at once on 128 slots all return.
#[tokio::test(flavor = "multi_thread")]
async fn more_callers_than_slots_wait() {
    let _alone = ONE_BY_ONE.lock().await;
    let rig = Rig::new(limits(|limits| limits.wall_ms = 30_000));
    let hostile = rig.load("hostile").await;
    const { assert!(200 > SLOTS) };
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let (rig, hostile) = (rig.clone(), hostile.clone());
            tokio::spawn(async move {
                rig.act(&hostile, "sleep", json!({ "ms": 50 }))
                    .await
                    .outcome
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Outcome::Returned);
    }
    rig.receipts(200).await;
}

/// Proves X5, X1, E9, M8: a call that gets no slot in time did not run, and that is the host's doing; an event waits
/// longer for its handler; a call that is dropped while it waits leaves one receipt; the slots come back.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_slot_nothing_runs() {
    let _alone = ONE_BY_ONE.lock().await;
    let patient = Rig::new(limits(|limits| limits.wall_ms = 30_000));
    let hurried = Rig::new(limits(|limits| limits.wall_ms = 200));
    let (hostile, noop) = (patient.load("hostile").await, hurried.load("noop").await);
    let hears = Messenger::new("hears").hears("counts", "n");
    hurried.load_package(hears.package()).await;
    let gate = patient.state.reads.gate();
    // No plugin has more than a quarter of the slots at once.
    let mut four = vec![hostile.clone()];
    for id in ["hostile-two", "hostile-three", "hostile-four"] {
        four.push(patient.load_package(renamed("hostile", id)).await);
    }
    let holders: Vec<_> = (0..SLOTS as usize)
        .map(|one| {
            let (patient, hostile) = (patient.clone(), four[one % four.len()].clone());
            tokio::spawn(async move {
                patient
                    .ask(&hostile, "read-world", json!({ "config": "festival" }))
                    .await
                    .outcome
            })
        })
        .collect();
    for _ in 0..SLOTS {
        gate.entered().await;
    }
    let orderly = std::fs::read_to_string(root().join("tests/guests/orderly/plugin.toml"));
    let orderly = orderly.unwrap() + "\n[activation]\non = \"first-use\"\n";
    let orderly = embed(&component("orderly"), &orderly);
    let orderly = hurried.load_package(orderly).await;
    let orderly = &orderly.identity().plugin;
    let woken = hurried.host.wake(orderly).await;
    let Err(WakeError::Failed { outcome, .. }) = woken else {
        panic!("{woken:?}");
    };
    assert_eq!(outcome, Outcome::HostFault);
    let receipt = hurried.ask(&noop, "noop", json!({})).await;
    assert_eq!(
        (receipt.outcome, receipt.blame),
        (Outcome::NotRun, Some(Blame::Host)),
        "{receipt}"
    );
    hurried.emit("n", json!(1)).await;
    let waiting = {
        let patient = patient.clone();
        tokio::spawn(async move { patient.ask(&hostile, "echo", json!({})).await })
    };
    tokio::time::sleep(Duration::from_millis(20)).await;
    waiting.abort();
    let _aborted = waiting.await;
    let receipts = patient.receipts(1).await;
    assert_eq!(receipts.first().unwrap().outcome, Outcome::Cancelled);
    for _ in 0..SLOTS {
        gate.open();
    }
    for holder in holders {
        assert_eq!(holder.await.unwrap(), Outcome::Returned);
    }
    let receipt = hurried.ask(&noop, "noop", json!({})).await;
    assert_eq!(receipt.reply, Some(true), "{receipt}");
    hurried.host.events_idle().await;
    assert_eq!(hurried.counts("hears", "counts"), [1, 0, 0, 0]);
    // That there was none says nothing of the plugin: it is not remembered.
    hurried.host.wake(orderly).await.unwrap();
}

/// Proves X5, C8: calls that wait for replies leave room for those who reply: a quarter of the slots is theirs, and further requests are refused
/// at once.
#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_for_replies_leave_room() {
    let _alone = ONE_BY_ONE.lock().await;
    let rig = Rig::new(limits(|limits| limits.wall_ms = 60_000));
    let replies = Messenger::new("replies").hears("steps", "ask");
    rig.load_package(replies.package()).await;
    // Two, since neither may have as many slots as all of them together.
    let mut asks = Vec::new();
    for id in ["asks", "asks-too"] {
        asks.push(rig.load_package(Messenger::new(id).package()).await);
    }
    let gate = rig.state.reads.gate();
    let mut calls = JoinSet::new();
    for one in 0..SLOTS as usize / 4 + 8 {
        let (rig, asks) = (rig.clone(), asks[one % asks.len()].clone());
        let reads = json!([{ "op": "get", "key": "k" }]);
        let request =
            json!({ "op": "request", "subject": "ask", "payload": reads, "timeout_ms": 60_000 });
        calls.spawn(async move { rig.ask(&asks, "steps", step(request)).await.reply });
    }
    gate.entered().await;
    for _ in 0..8 {
        assert_eq!(calls.join_next().await.unwrap().unwrap(), Some(false));
    }
    rig.state.reads.set(Trouble::None);
    gate.open();
    while let Some(replied) = calls.join_next().await {
        assert_eq!(replied.unwrap(), Some(true));
    }
}

/// Asks at once, so often, and waits for `sleep` in each; gives the calls.
fn sleepers(rig: &Rig, plugin: &Plugin, count: usize, ms: u64) -> JoinSet<Outcome> {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let (rig, plugin) = (rig.clone(), plugin.clone());
        calls.spawn(async move { rig.act(&plugin, "sleep", json!({ "ms": ms })).await.outcome });
    }
    calls
}

/// Proves X5: a plugin with more calls than the policy gives it slots keeps nobody else waiting, and its own calls run in turn; at the same time
/// never more than these.
#[tokio::test(flavor = "multi_thread")]
async fn one_plugin_cannot_have_all_slots() {
    let _alone = ONE_BY_ONE.lock().await;
    let rig = Rig::new(limits(|limits| limits.wall_ms = 30_000).slots_per_plugin(3));
    let (hostile, noop) = (rig.load("hostile").await, rig.load("noop").await);
    let gate = rig.state.reads.gate();
    let mut calls = JoinSet::new();
    for _ in 0..2 * SLOTS {
        let (rig, hostile) = (rig.clone(), hostile.clone());
        let config = json!({ "config": "festival" });
        calls.spawn(async move { rig.ask(&hostile, "read-world", config).await.outcome });
    }
    for _ in 0..3 {
        gate.entered().await;
    }
    for _ in 0..20 {
        let receipt = rig.ask(&noop, "noop", json!({})).await;
        assert_eq!(receipt.reply, Some(true), "{receipt}");
    }
    assert_eq!(rig.state.reads.asked(), 3, "more than its three slots");
    rig.state.reads.set(Trouble::None);
    for _ in 0..3 {
        gate.open();
    }
    while let Some(ended) = calls.join_next().await {
        assert_eq!(ended.unwrap(), Outcome::Returned);
    }
}

/// Proves X5, X4: idle warm instances of a plugin, each for another world, do not keep its calls from the slots that it may have.
#[tokio::test(flavor = "multi_thread")]
async fn warm_instances_make_room_for_their_own_plugin() {
    let _alone = ONE_BY_ONE.lock().await;
    let policy = limits(|limits| limits.wall_ms = 30_000).slots_per_plugin(3);
    let rig = Rig::new(policy.instances(Instances::Warm { max_idle: 3 }));
    let hostile = rig.load("hostile").await;
    for world in 0..12 {
        let about = Subject::world(format!("w{world}").as_str());
        let receipt = rig
            .ask_about(&hostile, about, "echo", json!({ "value": true }))
            .await;
        assert_eq!(receipt.reply, Some(true), "{receipt}");
    }
    // Those that wait when the others become idle have room, too.
    let mut calls = sleepers(&rig, &hostile, 12, 10);
    while let Some(ended) = calls.join_next().await {
        assert_eq!(ended.unwrap(), Outcome::Returned);
    }
}

/// Proves X5, M8: a plugin of which one instance takes more slots than a plugin may have is refused, and what adapters between components
/// take counts. The plugins of this repository take one.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_too_heavy_is_refused() {
    let _alone = ONE_BY_ONE.lock().await;
    let one = Rig::new(limits(|_| {}).slots_per_plugin(1));
    for name in ["hostile", "noop", "keeper", "director", "scribe"] {
        one.load(name).await;
    }
    let nested = format!(
        r#"(component $part (core module $nothing) (core instance (instantiate $nothing))) {}"#,
        "(instance (instantiate $part))\n".repeat(14)
    );
    let parts = Parts {
        before: &nested,
        ..Parts::default()
    };
    let package = forge::package("nested", &parts, "");
    let counts = &package.scan().counts;
    assert_eq!(counts.adapters, counts.core_instances, "{counts:?}");
    let weight = u32::try_from(counts.core_instances.div_ceil(2)).unwrap();
    assert!(weight > 7, "{counts:?}");
    let refused = Rig::new(limits(|_| {}).slots_per_plugin(weight - 1))
        .try_load(package.clone())
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains(&format!("takes {weight} slots, and a plugin has at most")),
        "{refused}"
    );
    let taken = Rig::new(limits(|_| {}).slots_per_plugin(weight));
    let nested = taken.load_package(package).await;
    let receipt = taken.ask(&nested, "any", json!({})).await;
    assert_eq!(receipt.reply, Some(true), "{receipt}");
}
