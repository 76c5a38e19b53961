//! Instances: fresh by default; warm ones serve one world, and leave when they must.

#![allow(clippy::unwrap_used)]

use portcullis::grant::Instances;
use portcullis::{Outcome, Policy, Subject};
use portcullis_tests::{Rig, limits};
use serde_json::json;

fn warm() -> Policy {
    limits(|_| {}).instances(Instances::Warm { max_idle: 2 })
}

/// Proves X4: by default each call has a fresh instance.
#[tokio::test(flavor = "multi_thread")]
async fn fresh_instances_remember_nothing() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    for _ in 0..5 {
        assert_eq!(
            rig.ask(&hostile, "global-counter", json!({})).await.reply,
            Some(false)
        );
    }
}

/// Proves X4: a warm instance serves its world again and never another.
#[tokio::test(flavor = "multi_thread")]
async fn a_warm_instance_never_changes_its_world() {
    let rig = Rig::new(warm());
    let hostile = rig.load("hostile").await;
    let count = |world: &'static str| {
        rig.ask_about(&hostile, Subject::world(world), "global-counter", json!({}))
    };
    assert_eq!(count("alpha").await.reply, Some(false));
    assert_eq!(
        count("alpha").await.reply,
        Some(true),
        "warm instances are used again"
    );
    assert_eq!(
        count("beta").await.reply,
        Some(false),
        "another world has instances of its own"
    );
    assert_eq!(count("alpha").await.reply, Some(true));
    assert_eq!(count("beta").await.reply, Some(true));
    assert_eq!(count("").await.reply, Some(false), "no world is no world's");
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (rig, hostile) = (rig.clone(), hostile.clone());
            tokio::spawn(async move {
                for round in 0..30 {
                    let world = if (task + round) % 3 == 0 {
                        "alpha"
                    } else {
                        "beta"
                    };
                    let receipt = rig
                        .ask_about(
                            &hostile,
                            Subject::world(world),
                            "remembered-world",
                            json!({}),
                        )
                        .await;
                    assert_eq!(receipt.reply, Some(false), "{receipt}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Proves X4, X2: subject, budgets and changes are new for each call of a warm instance.
#[tokio::test(flavor = "multi_thread")]
async fn a_warm_instance_begins_each_call_anew() {
    let mut policy = warm();
    policy.limits.log_records = 3;
    policy.limits.host_calls = 20;
    let rig = Rig::new(policy);
    let hostile = rig.load("hostile").await;
    for round in 0..5 {
        let npc = format!("npc-{round}");
        let subject = Subject::world("alpha").session("s1").npc(npc.clone());
        let expect = json!({ "expect": { "world": "alpha", "session": "s1", "npc": npc } });
        assert_eq!(
            rig.ask_about(&hostile, subject, "read-subject", expect)
                .await
                .reply,
            Some(true)
        );
        let said = rig
            .ask(&hostile, "say", json!({ "message": "x", "times": 3 }))
            .await;
        assert_eq!(
            (said.outcome, said.dropped_log_records),
            (Outcome::Returned, 0),
            "{said}"
        );
        let read = rig
            .ask(&hostile, "read-world", json!({ "config": "tax" }))
            .await;
        assert_eq!(
            (read.denials.len(), read.room_calls.len()),
            (1, 1),
            "{read:?}"
        );
        let wrote = rig.ask(&hostile, "read-own-writes", json!({})).await;
        assert_eq!(wrote.reply, Some(true), "{wrote}");
    }
    assert_eq!(
        rig.ask(&hostile, "global-counter", json!({})).await.reply,
        Some(false)
    );
    assert_eq!(
        rig.ask(&hostile, "global-counter", json!({})).await.reply,
        Some(true),
        "all of that was warm"
    );
}

/// Proves X3, X4: an instance that crashed, ran out of time or was cancelled is not used again.
#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_instance_is_retired() {
    for fault in [
        "unreachable",
        "exit",
        "loop-forever",
        "sleep-hour",
        "cancel",
    ] {
        let mut policy = warm();
        policy.limits.wall_ms = 500;
        let rig = Rig::new(policy);
        let hostile = rig.load("hostile").await;
        let count = || rig.ask(&hostile, "global-counter", json!({}));
        assert_eq!(
            (count().await.reply, count().await.reply),
            (Some(false), Some(true))
        );
        if fault == "cancel" {
            let call = rig.ask(&hostile, "loop-forever", json!({}));
            let _cancelled = tokio::time::timeout(std::time::Duration::from_millis(30), call).await;
        } else {
            assert_ne!(
                rig.ask(&hostile, fault, json!({})).await.outcome,
                Outcome::Returned
            );
        }
        assert_eq!(
            count().await.reply,
            Some(false),
            "the instance of `{fault}` is gone"
        );
    }
}

/// Proves X4, X7: a plugin that is loaded anew does not get the warm instances of the one before.
#[tokio::test(flavor = "multi_thread")]
async fn warm_instances_go_with_their_plugin() {
    let rig = Rig::new(warm());
    let hostile = rig.load("hostile").await;
    let mut replies = vec![rig.ask(&hostile, "global-counter", json!({})).await.reply];
    replies.push(rig.ask(&hostile, "global-counter", json!({})).await.reply);
    let hostile = rig.load("hostile").await;
    replies.push(rig.ask(&hostile, "global-counter", json!({})).await.reply);
    assert_eq!(replies, [Some(false), Some(true), Some(false)]);
}
