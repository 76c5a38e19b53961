//! A call changes all that it wants to change, or nothing.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use portcullis::receipt::Commit;
use portcullis::{Blame, Outcome};
use portcullis_tests::{Rig, Trouble, limits};
use serde_json::{Value, json};
use tokio::sync::Barrier;

fn mark(rig: &Rig) -> Option<Value> {
    rig.state.flag("alpha", "s1", "hostile", "mark")
}

/// Proves C3: a call that traps, fails or runs out of time changes nothing; one that returns changes all. No commit is even tried for the others.
#[tokio::test(flavor = "multi_thread")]
async fn all_or_nothing() {
    let rig = Rig::new(limits(|limits| limits.wall_ms = 300));
    let hostile = rig.load("hostile").await;
    for (effect, outcome) in [
        ("write-then-trap", Outcome::Trapped),
        ("write-then-error", Outcome::GuestError),
        ("write-then-loop", Outcome::TimedOut),
    ] {
        let receipt = rig.act(&hostile, effect, json!({})).await;
        assert_eq!(
            (receipt.outcome, receipt.commit),
            (outcome, Commit::Discarded { writes: 1 }),
            "{receipt}"
        );
        assert_eq!(mark(&rig), None, "{effect}");
    }
    assert_eq!(rig.state.commits.asked(), 0);
    let receipt = rig
        .act(&hostile, "set-flag", json!({ "key": "mark", "value": 1 }))
        .await;
    assert_eq!(
        (receipt.outcome, receipt.commit),
        (Outcome::Returned, Commit::Committed { writes: 1 }),
        "{receipt}"
    );
    assert_eq!(mark(&rig), Some(json!(1)));
}

/// Proves C2, C3: a call sees its own changes before they are committed, and nobody else does.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_reads_its_own_writes() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    let gate = rig.state.commits.gate();
    let task = {
        let (rig, hostile) = (rig.clone(), hostile.clone());
        tokio::spawn(async move { rig.ask(&hostile, "read-own-writes", json!({})).await })
    };
    gate.entered().await;
    assert_eq!(
        rig.ask(&hostile, "read-flag", json!({ "key": "kept" }))
            .await
            .reply,
        Some(false)
    );
    gate.open();
    let receipt = task.await.unwrap();
    assert_eq!(receipt.reply, Some(true), "{receipt}");
    assert_eq!(
        rig.ask(&hostile, "read-flag", json!({ "key": "kept", "expect": 2 }))
            .await
            .reply,
        Some(true)
    );
    assert_eq!(
        rig.ask(&hostile, "read-flag", json!({ "key": "dropped" }))
            .await
            .reply,
        Some(false)
    );
}

/// Proves C3: calls that run into each other run again, and none is lost: 16 tasks count one flag up.
#[tokio::test(flavor = "multi_thread")]
async fn conflicts_are_run_again() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    let start = Arc::new(Barrier::new(16));
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (rig, hostile, start) = (rig.clone(), hostile.clone(), start.clone());
            tokio::spawn(async move {
                start.wait().await;
                rig.act(&hostile, "increment-flag", json!({ "key": "n", "ms": 5 }))
                    .await
            })
        })
        .collect();
    let mut attempts = 0;
    for task in tasks {
        let receipt = task.await.unwrap();
        assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
        attempts += receipt.attempts;
    }
    assert_eq!(
        rig.state.flag("alpha", "s1", "hostile", "n"),
        Some(json!(16))
    );
    assert!(attempts > 16, "nothing ran into anything");
    rig.receipts(16).await;
}

/// Proves C3: under lasting contention a call may give up, which is the host's fault; each that returned counts once, and no other.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_returned_counts() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (rig, hostile) = (rig.clone(), hostile.clone());
            tokio::spawn(async move {
                let mut returned = 0;
                for _ in 0..10 {
                    let receipt = rig
                        .act(&hostile, "increment-flag", json!({ "key": "n" }))
                        .await;
                    match receipt.outcome {
                        Outcome::Returned => returned += 1,
                        outcome => assert_eq!(outcome, Outcome::HostFault, "{receipt}"),
                    }
                }
                returned
            })
        })
        .collect();
    let mut returned = 0;
    for task in tasks {
        returned += task.await.unwrap();
    }
    assert_eq!(
        rig.state.flag("alpha", "s1", "hostile", "n"),
        Some(json!(returned))
    );
}

/// Proves C3: a call whose commit always conflicts runs a bounded number of times.
#[tokio::test(flavor = "multi_thread")]
async fn conflicts_without_end_are_bounded() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    rig.state.commits.set(Trouble::Conflict);
    let receipt = rig
        .act(&hostile, "increment-flag", json!({ "key": "n" }))
        .await;
    assert_eq!(
        (receipt.outcome, receipt.blame),
        (Outcome::HostFault, Some(Blame::Host)),
        "{receipt}"
    );
    assert_eq!(
        (receipt.commit, receipt.attempts),
        (Commit::Refused { writes: 1 }, 64),
        "{receipt}"
    );
    assert_eq!(rig.state.commits.asked(), 64);
}

/// Proves C3, P7: what a call was refused stands in its receipt, whichever attempt it was in.
#[tokio::test(flavor = "multi_thread")]
async fn no_attempt_is_forgotten() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    let tricks = || rig.ask(&hostile, "namespace-tricks", json!({}));
    let once = tricks().await;
    rig.state.commits.set(Trouble::Conflict);
    let often = tricks().await;
    assert_eq!((once.attempts, often.attempts), (1, 64), "{often}");
    let refused = |denials: usize, more: u64| denials as u64 + more;
    let in_one = refused(once.denials.len(), once.more_denials);
    assert!(in_one > 0, "{once}");
    assert_eq!(often.denials.len(), 64);
    assert_eq!(refused(64, often.more_denials), 64 * in_one);
    assert_eq!(often.room_calls.len(), once.room_calls.len());
    for (often, once) in often.room_calls.iter().zip(&once.room_calls) {
        assert_eq!(often.calls, 64 * once.calls, "{}", once.capability);
    }
}

/// Proves C3, X3: a store that fails or panics is the host's fault; the caller gets no reply, and the next call works.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_is_the_hosts_fault() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    for (trouble, commit) in [
        (Trouble::Fail, Commit::Refused { writes: 1 }),
        (Trouble::Panic, Commit::Unknown { writes: 1 }),
        (Trouble::PanicLater, Commit::Unknown { writes: 1 }),
    ] {
        rig.state.commits.set(trouble.clone());
        let receipt = rig
            .act(&hostile, "set-flag", json!({ "key": "mark", "value": 1 }))
            .await;
        assert_eq!(
            (receipt.outcome, receipt.blame),
            (Outcome::HostFault, Some(Blame::Host)),
            "{trouble:?}: {receipt}"
        );
        assert_eq!(
            (receipt.commit, receipt.reply),
            (commit, None),
            "{trouble:?}"
        );
        assert_eq!(mark(&rig), None, "{trouble:?}");
        rig.state.commits.set(Trouble::None);
        let receipt = rig
            .act(&hostile, "set-flag", json!({ "key": "other", "value": 1 }))
            .await;
        assert_eq!(
            receipt.outcome,
            Outcome::Returned,
            "after {trouble:?}: {receipt}"
        );
    }
}

/// Proves C3, X3: a store that never answers does not hold the caller for good.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_hangs_is_the_hosts_fault() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    rig.state.commits.set(Trouble::Hang);
    let call = rig.act(&hostile, "set-flag", json!({ "key": "mark", "value": 1 }));
    let receipt = tokio::time::timeout(Duration::from_secs(20), call)
        .await
        .unwrap();
    assert_eq!(
        (receipt.outcome, receipt.blame),
        (Outcome::HostFault, Some(Blame::Host)),
        "{receipt}"
    );
    assert_eq!(receipt.commit, Commit::Unknown { writes: 1 });
    rig.state.commits.set(Trouble::None);
    let receipt = rig
        .act(&hostile, "set-flag", json!({ "key": "mark", "value": 1 }))
        .await;
    assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
}

/// Proves X3: a host port that panics, at once or later, is caught at the boundary; the plugin is not to blame, and the next call works.
#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_panics_is_the_hosts_fault() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    for trouble in [Trouble::Panic, Trouble::PanicLater] {
        rig.state.reads.set(trouble.clone());
        let receipt = rig
            .act(&hostile, "increment-flag", json!({ "key": "n" }))
            .await;
        assert_eq!(
            (receipt.outcome, receipt.blame),
            (Outcome::HostFault, Some(Blame::Host)),
            "{trouble:?}: {receipt}"
        );
        rig.state.reads.set(Trouble::None);
        let receipt = rig
            .act(&hostile, "increment-flag", json!({ "key": "n" }))
            .await;
        assert_eq!(
            receipt.outcome,
            Outcome::Returned,
            "after {trouble:?}: {receipt}"
        );
    }
    assert_eq!(
        rig.state.flag("alpha", "s1", "hostile", "n"),
        Some(json!(2))
    );
}

/// Proves P7: a port that fails tells the plugin that the host is unavailable, and nothing of the reason.
#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_fails_keeps_its_reasons() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    rig.state.reads.set(Trouble::Fail);
    let receipt = rig
        .ask(&hostile, "read-flag", json!({ "key": "mark" }))
        .await;
    assert_eq!(receipt.outcome, Outcome::GuestError, "{receipt}");
    assert_eq!(
        receipt.message.as_deref(),
        Some("the host cannot serve this now")
    );
}
