//! More callers than the engine has slots. All hosts of a process share them, so these tests have a process of their own and run one by one.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use portcullis::engine::SLOTS;
use portcullis::host::WakeError;
use portcullis::{Blame, Outcome};
use portcullis_tests::messenger::step;
use portcullis_tests::plugins::root;
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
    let holders: Vec<_> = (0..SLOTS)
        .map(|_| {
            let (patient, hostile) = (patient.clone(), hostile.clone());
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
        let (patient, hostile) = (patient.clone(), hostile.clone());
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
    let asks = rig.load_package(Messenger::new("asks").package()).await;
    let gate = rig.state.reads.gate();
    let mut calls = JoinSet::new();
    for _ in 0..SLOTS / 4 + 8 {
        let (rig, asks) = (rig.clone(), asks.clone());
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
