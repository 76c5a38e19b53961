//! Calls: they end in time, and each leaves exactly one receipt, whatever becomes of whoever made it.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis::capability::LogSink;
use portcullis::log_record::LogRecord;
use portcullis::receipt::Commit;
use portcullis::{Observer, Outcome, Record};
use portcullis_tests::{Rig, Trouble, limits};
use serde_json::json;

const WALL: Duration = Duration::from_millis(200);

/// Later than this a deadline is missed, on a busy machine too.
const LATE: Duration = Duration::from_secs(2);

fn short() -> Rig {
    Rig::new(limits(|limits| limits.wall_ms = 200))
}

/// Proves X1: the deadline ends a call that computes, one that waits, and one that does both; never early.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_ends_computing_and_waiting() {
    let rig = short();
    let hostile = rig.load("hostile").await;
    for condition in [
        "loop-forever",
        "sleep-hour",
        "busy-poll",
        "stdout-flood",
        "write-then-loop",
    ] {
        let start = Instant::now();
        let receipt = rig.ask(&hostile, condition, json!({})).await;
        let took = start.elapsed();
        assert_eq!(receipt.outcome, Outcome::TimedOut, "{receipt}");
        assert!(
            (WALL..WALL + LATE).contains(&took),
            "{condition} took {took:?}"
        );
        assert!((WALL..WALL + LATE).contains(&receipt.duration), "{receipt}");
    }
}

/// Proves X1: a host port that never answers does not hold the call beyond its deadline.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_ends_waiting_for_a_port() {
    let rig = short();
    let hostile = rig.load("hostile").await;
    rig.state.reads.set(Trouble::Hang);
    let start = Instant::now();
    let receipt = rig
        .ask(&hostile, "read-flag", json!({ "key": "of-world" }))
        .await;
    assert_eq!(receipt.outcome, Outcome::TimedOut, "{receipt}");
    assert!(
        (WALL..WALL + LATE).contains(&start.elapsed()),
        "{:?}",
        start.elapsed()
    );
    rig.state.reads.set(Trouble::None);
    assert_eq!(
        rig.ask(&hostile, "read-flag", json!({ "key": "of-world" }))
            .await
            .reply,
        Some(true)
    );
}

/// Proves X5: while plugins compute without end, other tasks of the same runtime go on.
#[tokio::test(flavor = "current_thread")]
async fn plugins_that_compute_let_others_run() {
    let rig = Rig::new(limits(|limits| limits.wall_ms = 400));
    let hostile = rig.load("hostile").await;
    let spinner = {
        let rig = rig.clone();
        tokio::spawn(async move { rig.ask(&hostile, "loop-forever", json!({})).await.outcome })
    };
    let mut naps = 0;
    while !spinner.is_finished() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        naps += 1;
    }
    assert_eq!(spinner.await.unwrap(), Outcome::TimedOut);
    assert!(
        naps >= 5,
        "the one thread slept {naps} times beside the spinner"
    );
}

/// Proves X5: a call that is dropped while the plugin computes leaves one receipt and no change.
#[tokio::test(flavor = "multi_thread")]
async fn dropped_in_the_plugins_code() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    let task = {
        let rig = rig.clone();
        tokio::spawn(async move { rig.act(&hostile, "write-then-loop", json!({})).await })
    };
    while rig.state.reads.asked() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    task.abort();
    let _aborted = task.await;
    let receipts = rig.receipts(1).await;
    let receipt = receipts.first().unwrap();
    assert_eq!(
        (receipt.outcome, receipt.blame),
        (Outcome::Cancelled, None),
        "{receipt}"
    );
    assert_eq!(receipt.commit, Commit::Discarded { writes: 1 });
    assert_eq!(rig.state.flag("alpha", "s1", "hostile", "mark"), None);
}

/// Proves X5: a call that is dropped while it waits for the host leaves one receipt and no change.
#[tokio::test(flavor = "multi_thread")]
async fn dropped_in_a_host_call() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    let gate = rig.state.reads.gate();
    let task = {
        let rig = rig.clone();
        tokio::spawn(async move {
            rig.act(&hostile, "increment-flag", json!({ "key": "n" }))
                .await
        })
    };
    gate.entered().await;
    task.abort();
    let _aborted = task.await;
    let receipts = rig.receipts(1).await;
    let receipt = receipts.first().unwrap();
    assert_eq!(receipt.outcome, Outcome::Cancelled, "{receipt}");
    assert_eq!(
        receipt.room_calls.len(),
        1,
        "what it did is known: {receipt:?}"
    );
    gate.open();
    assert_eq!(rig.state.flag("alpha", "s1", "hostile", "n"), None);
}

/// Proves X5: a call that is dropped while it commits is committed whole, and its one receipt says so.
#[tokio::test(flavor = "multi_thread")]
async fn dropped_in_commit() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    let gate = rig.state.commits.gate();
    let task = {
        let rig = rig.clone();
        tokio::spawn(async move { rig.ask(&hostile, "read-own-writes", json!({})).await })
    };
    gate.entered().await;
    task.abort();
    let _aborted = task.await;
    gate.open();
    let receipts = rig.receipts(1).await;
    let receipt = receipts.first().unwrap();
    assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
    assert_eq!(receipt.commit, Commit::Committed { writes: 5 });
    assert_eq!(
        rig.state.flag("alpha", "s1", "hostile", "kept"),
        Some(json!(2))
    );
    assert_eq!(
        rig.state.relationship("alpha", "s1", "ada").unwrap().trust,
        1
    );
}

/// Proves X5, C3: a call whose runtime is shut down while it commits does not claim that it changed nothing.
#[test]
fn shut_down_in_commit() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let rig = Rig::default();
    runtime.block_on(async {
        let hostile = rig.load("hostile").await;
        let gate = rig.state.commits.gate();
        let caller = rig.clone();
        tokio::spawn(async move {
            let params = json!({ "key": "n" });
            caller.act(&hostile, "increment-flag", params).await
        });
        gate.entered().await;
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
    let receipts = rig.receipts.all();
    let [receipt] = receipts.as_slice() else {
        panic!("{receipts:?}");
    };
    assert_eq!(
        (receipt.outcome, receipt.commit),
        (Outcome::Cancelled, Commit::Unknown { writes: 1 }),
        "{receipt}"
    );
}

/// Proves X5: many calls at once, each with one receipt; ids are unique, and ordered where the calls are.
#[tokio::test(flavor = "multi_thread")]
async fn many_calls_at_once() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    let conditions = [
        "echo",
        "unreachable",
        "read-world",
        "write-then-error",
        "exit",
    ];
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (rig, hostile) = (rig.clone(), hostile.clone());
            tokio::spawn(async move {
                let mut ids = Vec::new();
                for round in 0..25 {
                    let condition = conditions.get(round % conditions.len()).unwrap();
                    ids.push(rig.ask(&hostile, condition, json!({})).await.id);
                }
                ids
            })
        })
        .collect();
    let mut all = BTreeSet::new();
    for task in tasks {
        let ids = task.await.unwrap();
        assert!(ids.is_sorted());
        all.extend(ids);
    }
    assert_eq!(all.len(), 16 * 25);
    rig.receipts(16 * 25).await;
}

struct Panics;

impl Observer for Panics {
    fn record(&self, _: &Record) {
        panic!("the observer panics on purpose");
    }
}

/// Proves X3: an observer that panics harms neither the call nor the observers after it.
#[tokio::test(flavor = "multi_thread")]
async fn an_observer_that_panics_is_ignored() {
    let rig = Rig::with(limits(|_| {}), |builder| {
        builder
            .observer(Arc::new(Panics))
            .compile_cache(portcullis_tests::rig::shared_cache())
    });
    let noop = rig.load("noop").await;
    assert_eq!(rig.ask(&noop, "noop", json!({})).await.reply, Some(true));
}

/// A log that fails.
struct Bursts;

impl LogSink for Bursts {
    fn emit(&self, _: LogRecord) {
        panic!("the log panics on purpose");
    }
}

/// Proves X3, C7: a log that panics harms no call, neither while the plugin runs nor when its last line is flushed; what it lost is counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_panics_is_survived() {
    let rig = Rig::with(limits(|_| {}), |builder| {
        builder
            .log(Arc::new(Bursts))
            .compile_cache(portcullis_tests::rig::shared_cache())
    });
    let hostile = rig.load("hostile").await;
    let receipt = rig.ask(&hostile, "forged-log", json!({})).await;
    assert_ne!(receipt.outcome, Outcome::HostFault, "{receipt}");
    assert!(receipt.dropped_log_records > 0, "{receipt}");
    assert_eq!(
        rig.ask(&hostile, "echo", json!({ "value": true }))
            .await
            .reply,
        Some(true)
    );
}

/// Proves X1: on the metered engine the same call takes the same fuel and gives the same reply each time.
#[tokio::test(flavor = "multi_thread")]
async fn metered_runs_are_alike() {
    let rig = Rig::new(limits(|limits| limits.fuel = Some(100_000_000)));
    let hostile = rig.load("hostile").await;
    let mut seen = BTreeSet::new();
    for _ in 0..5 {
        let receipt = rig.ask(&hostile, "forged-log", json!({})).await;
        assert_eq!(receipt.reply, Some(true), "{receipt}");
        seen.insert(receipt.fuel);
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen.first().unwrap().is_some_and(|fuel| fuel > 1_000));
}

/// Proves X5: receipts read back from the JSON that they are written as.
#[tokio::test(flavor = "multi_thread")]
async fn receipts_round_trip() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    for condition in ["read-own-writes", "namespace-tricks", "panic"] {
        let _receipt = rig.ask(&hostile, condition, json!({})).await;
    }
    for record in rig.receipts(3).await {
        let json = serde_json::to_value(&record).unwrap();
        let back: Record = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&back).unwrap(), json);
        assert_eq!(back.to_string(), record.to_string());
    }
}
