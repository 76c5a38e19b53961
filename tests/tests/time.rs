//! Plugins that take time wherever they can: each ends by its deadline, and the one thread that it shares with others is not theirs. A process of its
//! own, so that nothing else computes.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use portcullis::{Blame, Outcome, Subject};
use portcullis_tests::forge::{self, Parts, wasi};
use portcullis_tests::misdeeds::home::Home;
use portcullis_tests::misdeeds::{Class, Expected, House, Misdeed, all};
use portcullis_tests::rig::ada;
use portcullis_tests::{Rig, limits};
use serde_json::json;

/// The wall time of the rows that end by it, as they ask for.
const WALL: Duration = Duration::from_millis(40);

/// Later than this a deadline is missed, on a busy machine and without optimization, too.
const LATE: Duration = Duration::from_secs(2);

fn ends_by_its_time(misdeed: &Misdeed) -> bool {
    let by_time = matches!(
        misdeed.expected,
        Expected::Ends([Outcome::TimedOut, ..], Blame::Guest)
    );
    by_time && misdeed.class == Class::Time
}

/// Proves X1, X5: every misdeed that takes time ends by its deadline and never before, on either engine, while a task on the same thread goes on.
#[tokio::test(flavor = "current_thread")]
async fn all_end_by_their_deadline_and_let_others_run() {
    let (beats, done) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let heart = {
        let (beats, done) = (Arc::clone(&beats), Arc::clone(&done));
        tokio::spawn(async move {
            while !done.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(5)).await;
                beats.fetch_add(1, Ordering::SeqCst);
            }
        })
    };
    let mut rows = 0;
    for house in [House::Clock, House::Metered] {
        let home = Home::new(house).await;
        for misdeed in all().filter(|one| one.house == house && ends_by_its_time(one)) {
            let plugin = home.rig.load_package(misdeed.package().unwrap()).await;
            let (condition, asked) = (misdeed.condition(), (misdeed.asked)());
            let (before, start) = (beats.load(Ordering::SeqCst), Instant::now());
            let receipt = home.ask(&plugin, ada(), condition, asked).await;
            let took = start.elapsed();
            let name = misdeed.name;
            assert_eq!(receipt.outcome, Outcome::TimedOut, "{name}: {receipt}");
            assert!((WALL..WALL + LATE).contains(&took), "{name} took {took:?}");
            // What never returns to compiled code in time may keep the thread until its deadline, and not beyond.
            tokio::time::sleep(Duration::from_millis(6)).await;
            let felt = beats.load(Ordering::SeqCst) - before;
            assert!(felt >= 1, "{name}: nobody else ran");
            rows += 1;
        }
    }
    assert!(rows >= 15, "{rows} rows end by their time");
    done.store(true, Ordering::SeqCst);
    heart.await.unwrap();
}

/// Proves X1: where fuel is metered the host's work for a plugin takes no fuel, and ends by the deadline all the same: host calls in a row, and
/// more fuel than could ever be used.
#[tokio::test(flavor = "multi_thread")]
async fn host_calls_are_the_plugins_time_where_fuel_is_metered() {
    let rig = Rig::new(limits(|limits| {
        limits.wall_ms = 100;
        limits.fuel = Some(u64::MAX);
    }));
    let write =
        "(call $write (local.get $out) (i32.const 65536) (i32.const 61440) (i32.const 64))\n";
    let evaluate = format!(
        "(local $out i32) (drop (memory.grow (i32.const 1)))
        (memory.fill (i32.const 65536) (i32.const 10) (i32.const 61440))
        (local.set $out (call $stdout)) {} i32.const 16",
        write.repeat(4_000)
    );
    let parts = Parts {
        host: &[wasi::POLL, wasi::STREAMS, wasi::STDOUT],
        evaluate: &evaluate,
        ..Parts::default()
    };
    let plugin = rig.load_package(forge::package("writes", &parts, "")).await;
    let receipt = rig.ask(&plugin, "any", json!({})).await;
    assert_eq!(
        (receipt.outcome, receipt.blame),
        (Outcome::TimedOut, Some(Blame::Guest)),
        "{receipt}"
    );
    assert!(receipt.duration < LATE, "{receipt}");
}

/// Proves X1: fuel saturates and never wraps: with none of it nothing runs, with one unit hardly anything, with the most there is a good plugin
/// runs as ever; and what a call used is in its receipt.
#[tokio::test(flavor = "multi_thread")]
async fn fuel_at_its_ends() {
    for (fuel, outcome) in [
        (0, Outcome::OutOfFuel),
        (1, Outcome::OutOfFuel),
        (u64::MAX - 1, Outcome::Returned),
        (u64::MAX, Outcome::Returned),
    ] {
        let rig = Rig::new(limits(|limits| limits.fuel = Some(fuel)));
        let good = forge::package("good", &Parts::default(), "");
        // What it takes to load it counts, too; a forged plugin has nothing to load.
        let good = rig.load_package(good).await;
        let receipt = rig.ask(&good, "any", json!({})).await;
        assert_eq!(receipt.outcome, outcome, "{fuel}: {receipt}");
        let used = receipt.fuel.unwrap();
        assert!(used <= fuel && used < 10_000, "{fuel}: used {used}");
    }
}

/// Proves X1, X4: a warm instance that waited between calls for longer than a call may take, or served one that had nearly all of the time there
/// is, begins its next call with all of its time.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_is_armed_afresh() {
    let policy = limits(|limits| limits.wall_ms = 400);
    let warm = portcullis::grant::Instances::Warm { max_idle: 1 };
    let rig = Rig::new(policy.instances(warm));
    let hostile = rig.load("hostile").await;
    let about = || Subject::world("alpha");
    let count = || rig.ask_about(&hostile, about(), "global-counter", json!({}));
    assert_eq!(count().await.reply, Some(false));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let again = count().await;
    assert_eq!(again.reply, Some(true), "the same instance: {again}");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let late = rig
        .ask_about(&hostile, about(), "loop-forever", json!({}))
        .await;
    assert_eq!(late.outcome, Outcome::TimedOut, "{late}");
    assert!(late.duration >= Duration::from_millis(400), "{late}");
}
