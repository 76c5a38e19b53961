//! A plugin sees the world, the session and the NPC that its call is about, and nothing of any other; nor of what other instances left behind.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use portcullis::engine::SLOTS;
use portcullis::{Limits, Outcome, Receipt, Subject};
use portcullis_tests::forge::wasi::{CLOCK, POLL, RANDOM};
use portcullis_tests::forge::{self, Import, Parts};
use portcullis_tests::messenger::step;
use portcullis_tests::{Messenger, Rig, limits};
use serde_json::{Value, json};

/// All that a plugin can tell of a call.
fn seen(receipt: &Receipt<bool>) -> (Outcome, Option<String>, Option<bool>) {
    (receipt.outcome, receipt.message.clone(), receipt.reply)
}

/// Proves C1, C2, C4: what another world has looks as what no world has.
#[tokio::test(flavor = "multi_thread")]
async fn another_world_looks_as_none() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    let in_alpha = || Subject::world("alpha").session("s1");
    for (condition, foreign, missing) in [
        (
            "read-npc",
            json!({ "id": "bob" }),
            json!({ "id": "nobody" }),
        ),
        (
            "read-npc",
            json!({ "id": "bob", "attribute": "mood" }),
            json!({ "id": "nobody", "attribute": "mood" }),
        ),
        (
            "read-relationship",
            json!({ "npc": "bob" }),
            json!({ "npc": "nobody" }),
        ),
    ] {
        let foreign = rig
            .ask_about(&hostile, in_alpha(), condition, foreign)
            .await;
        let missing = rig
            .ask_about(&hostile, in_alpha(), condition, missing)
            .await;
        assert_eq!(seen(&foreign), seen(&missing));
        assert_ne!(foreign.reply, Some(true), "{foreign}");
    }
    for condition in ["read-flag", "read-relationship"] {
        let ask = |session: &'static str| {
            let subject = Subject::world("alpha").session(session).npc("ada");
            rig.ask_about(&hostile, subject, condition, json!({ "key": "of-world" }))
        };
        assert_eq!(
            seen(&ask("s2").await),
            seen(&ask("no-session").await),
            "{condition}"
        );
    }
    let gone = rig
        .ask_about(&hostile, Subject::world("gone"), "read-world", json!({}))
        .await;
    assert_eq!(gone.outcome, Outcome::GuestError, "{gone}");
}

/// Proves C1, C2, C3: the same names in two worlds are two things.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_names_in_two_worlds_are_two_things() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    for world in ["alpha", "beta"] {
        let subject = Subject::world(world).session("shared");
        for (condition, params) in [
            ("read-flag", json!({ "key": "of-world", "expect": world })),
            (
                "read-world",
                json!({ "config": "festival", "expect": world }),
            ),
            (
                "read-subject",
                json!({ "expect": { "world": world, "session": "shared", "npc": null } }),
            ),
        ] {
            let receipt = rig
                .ask_about(&hostile, subject.clone(), condition, params)
                .await;
            assert_eq!(receipt.reply, Some(true), "{receipt}");
        }
    }
    let subject = Subject::world("alpha").session("shared").npc("ada");
    assert_eq!(
        rig.ask_about(&hostile, subject, "read-own-writes", json!({}))
            .await
            .reply,
        Some(true)
    );
    assert_eq!(
        rig.state.flag("alpha", "shared", "hostile", "kept"),
        Some(json!(2))
    );
    assert_eq!(rig.state.flag("beta", "shared", "hostile", "kept"), None);
    assert_eq!(rig.state.flag("alpha", "s1", "hostile", "kept"), None);
}

/// Proves C2, C3: a plugin reaches neither the flags of another plugin nor the host's, and each has a namespace of its own.
#[tokio::test(flavor = "multi_thread")]
async fn namespaces_hold() {
    let rig = Rig::default();
    let (hostile, optional) = (
        rig.load("hostile").await,
        rig.load("optional-session-write").await,
    );
    let before = rig.state.flags("alpha", "s1");
    let secrets = json!({ "secrets": [["stealth", "suspicion"], ["optional-session-write", "was-here"]], "npcs": ["bob"] });
    assert_eq!(
        rig.act(&optional, "write", json!({})).await.outcome,
        Outcome::Returned
    );
    let receipt = rig.ask(&hostile, "namespace-tricks", secrets).await;
    assert_eq!(receipt.reply, Some(false), "{receipt}");
    let mut after = rig.state.flags("alpha", "s1");
    assert_eq!(
        after.remove("optional-session-write/was-here"),
        Some(json!(true))
    );
    after.retain(|name, _| before.contains_key(name) || !name.starts_with("hostile/"));
    assert_eq!(
        after, before,
        "outside of its own namespace nothing has changed"
    );
}

/// Fills 62 MiB, a table and a deep stack with a pattern, and traps.
const LEAVES: Parts<'static> = Parts {
    fields: "(table $elements 10000 funcref) (elem declare func $fill)
        (func $fill (param i64) (result i64) (local i64 i64)
          (local.set 1 (i64.const 0x5a5a5a5a5a5a5a5a)) (local.set 2 (i64.const 0x5a5a5a5a5a5a5a5a))
          (if (result i64) (i64.eqz (local.get 0))
            (then (i64.xor (local.get 1) (local.get 2)))
            (else (i64.or (local.get 1) (call $fill (i64.sub (local.get 0) (i64.const 1)))))))",
    evaluate: "(drop (memory.grow (i32.const 991)))
        (memory.fill (i32.const 61440) (i32.const 0x5a) (i32.const 64950272))
        (table.fill $elements (i32.const 0) (ref.func $fill) (i32.const 10000))
        (drop (call $fill (i64.const 3000)))
        unreachable",
    host: &[],
    before: "",
    with: "",
    realloc: None,
    lift: "",
    after: "",
};

/// Answers true if anything but zeros is in its memory, in what it grows by, in its table or in the locals of a deep stack.
const LOOKS: Parts<'static> = Parts {
    fields: "(table $elements 10000 funcref)
        (func $look (param i64) (result i64) (local i64 i64)
          (if (result i64) (i64.eqz (local.get 0))
            (then (i64.or (local.get 1) (local.get 2)))
            (else (i64.or (i64.or (local.get 1) (local.get 2))
              (call $look (i64.sub (local.get 0) (i64.const 1)))))))",
    evaluate: "(local $at i32)
        (drop (memory.grow (i32.const 991)))
        (local.set $at (i32.const 61440))
        (loop $more
          (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (return (i32.const 16))))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br_if $more (i32.lt_u (local.get $at) (i32.const 65011712))))
        (local.set $at (i32.const 0))
        (loop $more
          (if (i32.eqz (ref.is_null (table.get $elements (local.get $at)))) (then (return (i32.const 16))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $at) (i32.const 10000))))
        (select (i32.const 32) (i32.const 16) (i64.eqz (call $look (i64.const 3000))))",
    ..LEAVES
};

/// Proves X4: nothing of an instance is left for the one that takes its place: neither in memory, in what memory grows by, in tables nor in
/// locals, in whichever order slots are used again.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_an_instance() {
    let rig = Rig::new(limits(|limits| limits.wall_ms = 30_000));
    let leaves = rig
        .load_package(forge::package("leaves", &LEAVES, ""))
        .await;
    let looks = rig.load_package(forge::package("looks", &LOOKS, "")).await;
    for round in 0..12 {
        // So that slots beyond the first are used, too.
        let together = 1 + round % 4;
        let left = (0..together).map(|_| rig.ask(&leaves, "any", json!({})));
        for receipt in futures_util::future::join_all(left).await {
            assert_eq!(receipt.outcome, Outcome::Trapped, "{receipt}");
            assert!(receipt.peak_memory_bytes > 60 << 20, "{receipt}");
        }
        let looked = (0..together).map(|_| rig.ask(&looks, "any", json!({})));
        for receipt in futures_util::future::join_all(looked).await {
            assert_eq!(receipt.reply, Some(false), "{receipt}");
        }
    }
}

/// The wall clock. `$time (answer: seconds, nanoseconds)`, `$grain (answer)`.
const WALL: Import = Import {
    component: r#"
  (import "wasi:clocks/wall-clock@0.2.0" (instance $wall
    (type $moment (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $datetime (eq $moment)))
    (export "now" (func (result $datetime)))
    (export "resolution" (func (result $datetime)))))
"#,
    lowered: r#"
  (core func $time (canon lower (func $wall "now") (memory (core memory $memory "memory"))))
  (core func $grain (canon lower (func $wall "resolution") (memory (core memory $memory "memory"))))
"#,
    with: r#"(with "wall" (instance (export "now" (func $time)) (export "grain" (func $grain))))"#,
    core: r#"
    (import "wall" "now" (func $time (param i32)))
    (import "wall" "grain" (func $grain (param i32)))
"#,
    permission: None,
};

/// Proves X4: a plugin reads both clocks 10,000 times, and sees whole milliseconds only, as the clocks say of themselves; with fuel and
/// without.
#[tokio::test(flavor = "multi_thread")]
async fn clocks_are_coarse() {
    let parts = Parts {
        host: &[POLL, CLOCK, WALL],
        evaluate: "(local $turn i32)
            (call $grain (i32.const 64))
            (if (i64.ne (i64.load (i32.const 64)) (i64.const 0)) (then (return (i32.const 32))))
            (if (i32.ne (i32.load (i32.const 72)) (i32.const 1000000)) (then (return (i32.const 32))))
            (if (i64.ne (call $resolution) (i64.const 1000000)) (then (return (i32.const 32))))
            (loop $more
              (call $time (i32.const 64))
              (if (i32.rem_u (i32.load (i32.const 72)) (i32.const 1000000)) (then (return (i32.const 32))))
              (if (i64.ne (i64.rem_u (call $now) (i64.const 1000000)) (i64.const 0)) (then (return (i32.const 32))))
              (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
              (br_if $more (i32.lt_u (local.get $turn) (i32.const 10000))))
            i32.const 16",
        ..Parts::default()
    };
    for fuel in [None, Some(100_000_000)] {
        let generous = |limits: &mut Limits| {
            limits.fuel = fuel;
            limits.host_calls = 100_000;
            limits.wall_ms = 30_000;
        };
        let rig = Rig::new(limits(generous));
        let looks = rig.load_package(forge::package("looks", &parts, "")).await;
        let receipt = rig.ask(&looks, "any", json!({})).await;
        assert_eq!(receipt.reply, Some(true), "{fuel:?}: {receipt}");
    }
}

/// Proves X4: no two instances see the same random numbers, of one plugin or of two; but those with fuel, whose runs are to be alike.
#[tokio::test(flavor = "multi_thread")]
async fn random_numbers_differ() {
    let parts = Parts {
        host: &[RANDOM],
        // Fails with sixteen letters, each of which stands for four bits.
        evaluate: "(local $number i64) (local $at i32)
            (local.set $number (call $random-u64))
            (local.set $at (i32.const 256))
            (loop $more
              (i32.store8 (local.get $at)
                (i32.add (i32.const 97) (i32.and (i32.wrap_i64 (local.get $number)) (i32.const 15))))
              (local.set $number (i64.shr_u (local.get $number) (i64.const 4)))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br_if $more (i32.lt_u (local.get $at) (i32.const 272))))
            (i32.store (i32.const 64) (i32.const 1)) (i32.store (i32.const 68) (i32.const 256))
            (i32.store (i32.const 72) (i32.const 16)) i32.const 64",
        ..Parts::default()
    };
    for (fuel, different) in [(None, 40), (Some(1_000_000), 1)] {
        let rig = Rig::new(limits(|limits| limits.fuel = fuel));
        let mut seen = BTreeSet::new();
        for id in ["one", "two"] {
            let plugin = rig.load_package(forge::package(id, &parts, "")).await;
            for _ in 0..20 {
                let receipt = rig.ask(&plugin, "any", json!({})).await;
                assert_eq!(receipt.outcome, Outcome::GuestError, "{receipt}");
                seen.insert(receipt.message.clone().unwrap());
            }
        }
        assert_eq!(seen.len(), different, "{fuel:?}");
    }
}

/// A step that asks another plugin to take a step, and so on: 30 requests, whose end never answers. Each comes to a handler of its own, or they
/// all come to the one handler that their plugin has.
fn asked(has_own: bool) -> Value {
    let mut step = json!({ "op": "loop" });
    for turn in (0..30).rev() {
        let plugin = if turn % 2 == 0 { "ann" } else { "bob" };
        let handler = if has_own { turn } else { 0 };
        let subject = format!("ask.{plugin}.{handler}");
        step =
            json!({ "op": "request", "subject": subject, "payload": [step], "timeout_ms": 60_000 });
    }
    step
}

/// Proves C8, E9, X5: plugins that ask each other in turn come to an end: by their hops or, where one waits for what its own handler is to
/// answer, by the time of the first call. All slots come back.
#[tokio::test(flavor = "multi_thread")]
async fn plugins_that_ask_each_other_come_to_an_end() {
    for (has_own, wall_ms, outcome) in [
        (true, 30_000, Outcome::Returned),
        (false, 500, Outcome::TimedOut),
    ] {
        let rig = Rig::new(limits(|limits| limits.wall_ms = wall_ms));
        for plugin in ["ann", "bob"] {
            let hears = |messenger: Messenger, turn| {
                messenger.hears(&format!("steps-{turn}"), &format!("ask.{plugin}.{turn}"))
            };
            rig.load_package((0..30).fold(Messenger::new(plugin), hears).package())
                .await;
        }
        let bob = rig.host.plugin(&"bob".parse().unwrap()).unwrap();
        let receipt = rig.ask(&bob, "steps", step(asked(has_own))).await;
        assert_eq!(receipt.outcome, outcome, "{receipt}");
        rig.host.events_idle().await;
        let all = rig.receipts.all();
        let handled = all.iter().filter(|one| &*one.extension == "events");
        let outcomes: Vec<_> = handled.map(|one| one.outcome).collect();
        assert!(outcomes.len() <= 8, "more than its hops: {outcomes:?}");
        if has_own {
            assert_eq!(outcomes, [Outcome::Returned; 8]);
        }
    }
    let rig = Rig::new(limits(|limits| limits.wall_ms = 60_000));
    let hostile = rig.load("hostile").await;
    let all = (0..SLOTS).map(|_| rig.act(&hostile, "sleep", json!({ "ms": 20 })));
    for receipt in futures_util::future::join_all(all).await {
        assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
    }
}
