//! Instances: fresh by default; warm ones serve one session of one world, and leave when they must.

#![allow(clippy::unwrap_used)]

use portcullis::extension::run::{Main, Run};
use portcullis::grant::Instances;
use portcullis::{Outcome, Package, Plugin, Policy, Receipt, Subject};
use portcullis_tests::forge::{self, Parts};
use portcullis_tests::plugins::{component, embed, root};
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

/// Says whether its instance has served a call before, in a world or session of whatever name.
async fn is_warm(rig: &Rig, plugin: &Plugin, about: Subject) -> bool {
    let receipt = rig
        .ask_about(plugin, about, "global-counter", json!({}))
        .await;
    receipt.reply.unwrap()
}

/// Proves X4: what a plugin saw of one session is in no instance that serves another one, the world without a session, or a session that has
/// the same name in another world; calls about each NPC and for each caller of the session share its instances.
#[tokio::test(flavor = "multi_thread")]
async fn a_warm_instance_never_changes_its_session() {
    let rig = Rig::new(warm());
    let hostile = rig.load("hostile").await;
    let alpha = || Subject::world("alpha");
    let own = [
        alpha(),
        alpha().session("s1"),
        alpha().session("s2"),
        alpha().session(""),
        alpha().session("S1"),
        Subject::world("beta").session("s1"),
        Subject::world("alpha/s1"),
    ];
    for about in &own {
        assert!(!is_warm(&rig, &hostile, about.clone()).await, "{about}");
    }
    for about in &own {
        assert!(is_warm(&rig, &hostile, about.clone()).await, "{about}");
    }
    for shared in [
        alpha().session("s1").npc("ada"),
        alpha().session("s1").npc("bob"),
        alpha().session("s1").caller("ann"),
    ] {
        assert!(is_warm(&rig, &hostile, shared.clone()).await, "{shared}");
    }
    let nowhere = Subject::none().session("s1");
    for _ in 0..2 {
        assert!(!is_warm(&rig, &hostile, nowhere.clone()).await);
    }
}

/// The guest `hostile`, whose manifest says that it is stateless. It is not: that is how a test sees who shares.
fn stateless() -> Package {
    let own = std::fs::read_to_string(root().join("tests/guests/hostile/plugin.toml")).unwrap();
    let manifest = own.replacen("[plugin]\n", "[plugin]\nstateless = true\n", 1);
    assert_ne!(own, manifest);
    embed(&component("hostile"), &manifest)
}

/// Proves X4: sessions and worlds share instances if both the manifest and the policy say so, and not if one of them does.
#[tokio::test(flavor = "multi_thread")]
async fn instances_are_shared_if_manifest_and_policy_agree() {
    let shared = || limits(|_| {}).instances(Instances::Shared { max_idle: 2 });
    for (policy, is_stateless, across) in [
        (warm(), false, false),
        (warm(), true, false),
        (shared(), false, false),
        (shared(), true, true),
        (limits(|_| {}), true, false),
    ] {
        let instances = policy.instances;
        let rig = Rig::new(policy);
        let plugin = match is_stateless {
            true => rig.load_package(stateless()).await,
            false => rig.load("hostile").await,
        };
        let told = format!("{instances:?}, stateless: {is_stateless}");
        let about = |session: &'static str| Subject::world("alpha").session(session);
        assert!(!is_warm(&rig, &plugin, about("s1")).await, "{told}");
        let is_kept = instances != Instances::Fresh;
        assert_eq!(is_warm(&rig, &plugin, about("s1")).await, is_kept, "{told}");
        assert_eq!(is_warm(&rig, &plugin, about("s2")).await, across, "{told}");
        let beta = Subject::world("beta");
        assert_eq!(is_warm(&rig, &plugin, beta).await, across, "{told}");
        // Such as `lifecycle`'s: what they register is no other call's.
        assert!(!is_warm(&rig, &plugin, Subject::none()).await, "{told}");
    }
}

/// A plugin whose instance holds this much, and says whether it has served a call before.
fn hoarder(id: &str, fields: &str, grow: &str) -> Package {
    let evaluate = format!(
        "(if (i32.load (i32.const 65000)) (then (return (i32.const 16))))
         (i32.store (i32.const 65000) (i32.const 1)) {grow} i32.const 32"
    );
    let parts = Parts {
        fields,
        evaluate: &evaluate,
        ..Parts::default()
    };
    forge::package(id, &parts, "")
}

/// Proves X2, X4: an idle instance holds no more than what the engine keeps for its slot anyway, in memory and in tables.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_has_grown_is_not_kept() {
    let rig = Rig::new(warm());
    let table = "(table $elements 1 funcref)";
    for (id, fields, grow, kept) in [
        ("small", "", "", true),
        ("two-mib", "", "(drop (memory.grow (i32.const 31)))", true),
        ("more", "", "(drop (memory.grow (i32.const 32)))", false),
        (
            "tables",
            table,
            "(drop (table.grow $elements (ref.null func) (i32.const 8191)))",
            true,
        ),
        (
            "more-tables",
            table,
            "(drop (table.grow $elements (ref.null func) (i32.const 8192)))",
            false,
        ),
    ] {
        let plugin = rig.load_package(hoarder(id, fields, grow)).await;
        let first = rig.ask(&plugin, "any", json!({})).await;
        assert_eq!(first.reply, Some(false), "{first}");
        let second = rig.ask(&plugin, "any", json!({})).await;
        assert_eq!(second.reply, Some(kept), "{id}: {second}");
    }
}

/// Proves X3, X4: a program that leaves by `exit(0)` has ended well, and its instance takes no other call.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_exits_is_not_kept() {
    let rig = Rig::new(warm());
    let manifest = "[plugin]\nid = \"leaver\"\nname = \"Leaver\"\nversion = \"0.1.0\"\n";
    let leaver = rig
        .load_package(embed(&wat::parse_str(LEAVER).unwrap(), manifest))
        .await;
    for round in 0..3 {
        let receipt: Receipt = leaver.call::<Run>(Subject::world("alpha"), Main {}).await;
        assert_eq!(receipt.outcome, Outcome::Returned, "{round}: {receipt}");
    }
}

/// A program that exits with status 0, and holds nothing of the host.
const LEAVER: &str = r#"
(component
  (import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))
  (core func $exit (canon lower (func $exit "exit")))
  (core module $code
    (import "exit" "exit" (func $exit (param i32)))
    (func (export "run") (result i32) (call $exit (i32.const 0)) unreachable))
  (core instance $code (instantiate $code (with "exit" (instance (export "exit" (func $exit))))))
  (func $run (result (result)) (canon lift (core func $code "run")))
  (instance $run (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $run)))
"#;
