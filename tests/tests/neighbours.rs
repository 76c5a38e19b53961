//! How long a good plugin's calls take beside ten that never return. A process of its own: the numbers are those of the whole machine.
//!
//! How it is measured: one runtime of two workers; calls one after the other, each in a task of its own, as an application makes them; blocks of
//! calls without and with spinners in turn, so that whatever else the machine does meets both. The 99th percentile of all calls beside spinners
//! is compared with that of all calls alone. The numbers are printed. Only the order of magnitude is asserted: the machine that runs tests is busy,
//! and the code of the host is not optimized. `cargo xtask bench` measures what is promised.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use portcullis::{Outcome, Plugin};
use portcullis_tests::{Rig, limits};
use serde_json::json;
use tokio::task::JoinSet;

const SPINNERS: usize = 10;
const BLOCKS: usize = 3;
const CALLS: usize = 300;

/// Whatever the machine: two calls alone take turns with nobody, and ten spinners without turns would take 20 ms a round.
const GENEROUS: f64 = 10.0;

/// So short a call says nothing about who was in its way.
const LEAST: Duration = Duration::from_millis(2);

async fn block(rig: &Rig, noop: &Plugin, took: &mut Vec<Duration>) {
    for _ in 0..CALLS {
        let (rig, noop) = (rig.clone(), noop.clone());
        let call = async move {
            let start = Instant::now();
            let receipt = rig.ask(&noop, "noop", json!({})).await;
            (receipt.reply, start.elapsed())
        };
        let (reply, time) = tokio::spawn(call).await.unwrap();
        assert_eq!(reply, Some(true));
        took.push(time);
    }
}

fn p99(took: &mut [Duration]) -> Duration {
    took.sort();
    *took.get(took.len() * 99 / 100).unwrap()
}

/// Proves X5: ten plugins that spin leave a worker free for one that does not, and each of them still ends by its own deadline.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_spinners_leave_room_for_one_who_does_not() {
    let rig = Rig::new(limits(|limits| limits.wall_ms = 60_000));
    let brief = Rig::new(limits(|limits| limits.wall_ms = 300));
    let noop = rig.load("noop").await;
    let (spinner, mortal) = (rig.load("hostile").await, brief.load("hostile").await);
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..BLOCKS {
        block(&rig, &noop, &mut alone).await;
        let mut spinners = JoinSet::new();
        for _ in 0..SPINNERS {
            let (rig, spinner) = (rig.clone(), spinner.clone());
            spinners.spawn(async move { rig.ask(&spinner, "loop-forever", json!({})).await });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        block(&rig, &noop, &mut beside).await;
        // They have their turns, and end in time all the same.
        let receipt = brief.ask(&mortal, "loop-forever", json!({})).await;
        assert_eq!(receipt.outcome, Outcome::TimedOut, "{receipt}");
        assert!(receipt.duration < Duration::from_secs(3), "{receipt}");
        spinners.shutdown().await;
    }
    let (alone, beside) = (p99(&mut alone), p99(&mut beside));
    let ratio = beside.as_secs_f64() / alone.as_secs_f64();
    println!("p99 alone {alone:?}, beside {SPINNERS} spinners {beside:?}: {ratio:.2} times");
    let most = alone.max(LEAST).mul_f64(GENEROUS);
    assert!(beside < most, "{beside:?} beside spinners, {alone:?} alone");
}
