//! What a plugin makes the host keep, and where each of it ends.

#![allow(clippy::unwrap_used)]

use portcullis::grant::Instances;
use portcullis::{Limits, Outcome, Plugin, Policy};
use portcullis_tests::forge::wasi::{INSECURE, POLL, RANDOM, STDOUT, STREAMS};
use portcullis_tests::forge::{self, Import, Parts};
use portcullis_tests::{Rig, limits};
use serde_json::{Value, json};

/// A rig with these limits, and a forged plugin on it that does this.
async fn forged(policy: Policy, host: &'static [Import], evaluate: &str) -> (Rig, Plugin) {
    let rig = Rig::new(policy);
    let parts = Parts {
        host,
        evaluate,
        ..Parts::default()
    };
    let plugin = rig.load_package(forge::package("any", &parts, "")).await;
    (rig, plugin)
}

/// Proves X2, S7: random numbers of all kinds share one budget, which each call has anew.
#[tokio::test]
async fn random_numbers_have_a_budget() {
    // 16 for the seed, 8 for each number, and 32 bytes.
    let all = "(call $seed (i32.const 64)) (drop (call $insecure-u64)) (drop (call $random-u64))
        (call $random (i64.const 32) (i32.const 64)) i32.const 16";
    for (budget, fuel) in [
        (64, None),
        (63, None),
        (64, Some(1_000_000)),
        (63, Some(1_000_000)),
    ] {
        let mut policy = limits(|limits: &mut Limits| {
            limits.random_bytes = budget;
            limits.fuel = fuel;
        });
        if fuel.is_none() {
            policy = policy.instances(Instances::Warm { max_idle: 1 });
        }
        let (rig, plugin) = forged(policy, &[RANDOM, INSECURE], all).await;
        for _ in 0..3 {
            let receipt = rig.ask(&plugin, "any", json!({})).await;
            let expected = match budget {
                64 => Outcome::Returned,
                _ => Outcome::OverBudget,
            };
            assert_eq!(receipt.outcome, expected, "{receipt}");
            let told = receipt.to_string().contains("random numbers");
            assert_eq!(told, expected == Outcome::OverBudget, "{receipt}");
        }
    }
}

/// Proves X2, S5: a call depends on so many documents and no more; one that it has read already is no other one.
#[tokio::test]
async fn reads_have_a_budget() {
    let rig = Rig::new(limits(|limits| limits.reads = 10));
    let keeper = rig.load("keeper").await;
    let read = |keys: usize| -> Vec<Value> {
        let keys = (0..keys).chain(0..10);
        keys.map(|key| json!({ "op": "kv.get", "key": format!("k{key}") }))
            .collect()
    };
    let receipt = rig
        .ask(&keeper, "steps", json!({ "steps": read(10) }))
        .await;
    assert_eq!(receipt.reply, Some(true), "{receipt}");
    let receipt = rig
        .ask(&keeper, "steps", json!({ "steps": read(11) }))
        .await;
    assert_eq!(receipt.outcome, Outcome::OverBudget, "{receipt}");
    assert!(receipt.to_string().contains("reads"), "{receipt}");
}

/// Proves X2, C7: lines beyond the budget are dropped and counted, each one.
#[tokio::test]
async fn dropped_lines_are_counted() {
    let newlines = "(local $out i32) (local.set $out (call $stdout))
        (drop (memory.grow (i32.const 1)))
        (memory.fill (i32.const 65536) (i32.const 10) (i32.const 61440))
        (call $write (local.get $out) (i32.const 65536) (i32.const 61440) (i32.const 64))
        (call $write (local.get $out) (i32.const 65536) (i32.const 61440) (i32.const 64))
        i32.const 16";
    let policy = limits(|limits| limits.log_records = 10);
    let (rig, plugin) = forged(policy, &[POLL, STREAMS, STDOUT], newlines).await;
    let receipt = rig.ask(&plugin, "any", json!({})).await;
    assert_eq!(receipt.reply, Some(true), "{receipt}");
    assert_eq!(receipt.dropped_log_records, 2 * 61_440 - 10, "{receipt}");
}

/// Proves X2, C7: of a line without an end a record shows the beginning; the rest is counted as the records that it would have taken.
#[tokio::test]
async fn the_rest_of_a_line_is_counted() {
    let endless = "(local $out i32) (local.set $out (call $stdout))
        (drop (memory.grow (i32.const 1)))
        (memory.fill (i32.const 65536) (i32.const 120) (i32.const 61440))
        (call $write (local.get $out) (i32.const 65536) (i32.const 61440) (i32.const 64))
        (call $write (local.get $out) (i32.const 65536) (i32.const 61440) (i32.const 64))
        i32.const 16";
    let (rig, plugin) = forged(limits(|_| {}), &[POLL, STREAMS, STDOUT], endless).await;
    let receipt = rig.ask(&plugin, "any", json!({})).await;
    assert_eq!(receipt.reply, Some(true), "{receipt}");
    assert_eq!(rig.log.all().len(), 1);
    assert_eq!(receipt.dropped_log_records, 2 * 15 - 1, "{receipt}");
}

/// Proves X2: a stream takes as much at once as it says it does; a plugin that does not ask is trapped, as WASI has it.
#[tokio::test]
async fn a_write_keeps_to_its_permit() {
    for (bytes, outcome) in [(65_536, Outcome::Returned), (65_537, Outcome::Trapped)] {
        for write in [
            "(call $write (call $stdout) (i32.const 65536) (i32.const BYTES) (i32.const 64))",
            "(call $zeroes (call $stdout) (i64.const BYTES) (i32.const 64))",
        ] {
            let write = write.replace("BYTES", &bytes.to_string());
            let evaluate = format!("(drop (memory.grow (i32.const 2))) {write} i32.const 16");
            let (rig, plugin) = forged(limits(|_| {}), &[POLL, STREAMS, STDOUT], &evaluate).await;
            let receipt = rig.ask(&plugin, "any", json!({})).await;
            assert_eq!(receipt.outcome, outcome, "{write}: {receipt}");
        }
    }
}
