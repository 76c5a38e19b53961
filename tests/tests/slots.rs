//! More callers than the engine has slots. All hosts of a process share them, so these tests have a process of their own and run one by one.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use portcullis::engine::SLOTS;
use portcullis::{Blame, Outcome};
use portcullis_tests::{Rig, limits};
use serde_json::json;
use tokio::sync::Mutex;

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

/// Proves X5, X1: a call that gets no slot in time did not run, and that is the host's doing; one that is dropped while it waits leaves one
/// receipt; the slots come back.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_slot_nothing_runs() {
    let _alone = ONE_BY_ONE.lock().await;
    let patient = Rig::new(limits(|limits| limits.wall_ms = 30_000));
    let hurried = Rig::new(limits(|limits| limits.wall_ms = 200));
    let (hostile, noop) = (patient.load("hostile").await, hurried.load("noop").await);
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
    let receipt = hurried.ask(&noop, "noop", json!({})).await;
    assert_eq!(
        (receipt.outcome, receipt.blame),
        (Outcome::NotRun, Some(Blame::Host)),
        "{receipt}"
    );
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
}
