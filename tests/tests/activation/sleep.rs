//! Idle plugins fall asleep, and come back.

use portcullis::event::EventKind::{Asleep, Awake, Loaded};
use portcullis::grant::Instances;
use portcullis::host::PluginState;
use portcullis::{Outcome, Plugin, Policy};
use portcullis_tests::limits;
use serde_json::json;

use super::nursery::{FIRST_USE, Nursery, id, orderly, sleeper, until};

/// Plugins are idle as soon as nobody calls them, and fall asleep when the test says so.
pub(super) fn drowsy() -> Policy {
    limits(|limits| limits.wall_ms = 60_000).idle_ms(0)
}

/// Proves M8: an idle plugin goes through the end of its life, keeps its entries, and comes back with the next call, also for who holds it
/// from before.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_plugin_sleeps_and_comes_back() {
    let nursery = Nursery::new(limits(|_| {}).idle_ms(1));
    let handle = nursery
        .rig
        .load_package(sleeper("orderly", "first-use"))
        .await;
    assert_eq!(nursery.ask("orderly").await.reply, Some(true));
    for _ in 0..2 {
        until(|| nursery.state("orderly") == PluginState::Asleep).await;
        let last = nursery.steps("orderly").split_off(2);
        until(|| {
            nursery
                .steps("orderly")
                .ends_with(&["disable".into(), "stop".into()])
        })
        .await;
        assert!(last.len() <= 2, "{last:?}");
        assert_eq!(
            nursery.entries("orderly"),
            5,
            "what its `load` has registered stays"
        );
        nursery.rig.receipts.take();
        let by_name = nursery
            .rig
            .evaluate("plugin:orderly:first-condition", json!({}));
        assert!(by_name.await.holds);
        until(|| nursery.state("orderly") == PluginState::Asleep).await;
        until(|| nursery.steps("orderly").len() == 4).await;
        nursery.rig.receipts.take();
        let by_handle = nursery.rig.ask(&handle, "first-condition", json!({})).await;
        assert_eq!(by_handle.reply, Some(true), "{by_handle}");
    }
    let kinds = nursery.events.of("orderly");
    let (first, turns) = kinds.split_first().unwrap();
    assert_eq!(*first, Loaded);
    for (turn, kind) in turns.iter().enumerate() {
        let expected = [Awake, Asleep].into_iter().nth(turn % 2).unwrap();
        assert_eq!(*kind, expected, "{kinds:?}");
    }
    assert!(nursery.woken("orderly") >= 5, "{kinds:?}");
}

/// Proves M8: without a time nothing sleeps; a plugin for start-up never does, nor one that was called of late or has a call in flight.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_idle_does_not_sleep() {
    for (policy, on, sleeps) in [
        (limits(|_| {}), "first-use", false),
        (limits(|_| {}).idle_ms(3_600_000), "first-use", false),
        (drowsy(), "start-up", false),
        (drowsy(), "first-use", true),
    ] {
        let nursery = Nursery::new(policy);
        nursery.rig.load_package(sleeper("orderly", on)).await;
        nursery.ask("orderly").await.reply.unwrap();
        let asleep = nursery.rig.host.put_idle_to_sleep().await;
        assert_eq!(asleep == [id("orderly")], sleeps, "{asleep:?}");
        assert_eq!(nursery.state("orderly") == PluginState::Asleep, sleeps);
    }
    let nursery = Nursery::new(drowsy());
    let hostile = nursery
        .rig
        .load_package(sleeper("hostile", "first-use"))
        .await;
    let gate = nursery.rig.state.reads.gate();
    let in_flight = {
        let rig = nursery.rig.clone();
        let params = json!({ "config": "festival" });
        tokio::spawn(async move { rig.ask(&hostile, "read-world", params).await })
    };
    gate.entered().await;
    assert_eq!(nursery.rig.host.put_idle_to_sleep().await, []);
    gate.open();
    assert_eq!(in_flight.await.unwrap().outcome, Outcome::Returned);
    assert_eq!(nursery.rig.host.put_idle_to_sleep().await, [id("hostile")]);
}

/// Proves M8, X7: a plugin is put to sleep again and again under 16 callers, and no call is lost: each returns, with one receipt.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sleep_loses_no_call() {
    const ROUNDS: usize = 20;
    let nursery = Nursery::new(drowsy());
    let handle = nursery
        .rig
        .load_package(sleeper("orderly", "first-use"))
        .await;
    let mut slept = 0;
    for _ in 0..ROUNDS {
        let callers: Vec<_> = (0..16)
            .map(|caller| tokio::spawn(call_each_way(nursery.clone(), handle.clone(), caller)))
            .collect();
        while callers.iter().any(|caller| !caller.is_finished()) {
            slept += nursery.rig.host.put_idle_to_sleep().await.len();
            tokio::task::yield_now().await;
        }
        for caller in callers {
            caller.await.unwrap();
        }
        slept += nursery.rig.host.put_idle_to_sleep().await.len();
        assert_eq!(nursery.state("orderly"), PluginState::Asleep);
    }
    assert!(slept >= ROUNDS, "{slept}");
    assert_eq!(nursery.woken("orderly"), slept);
    let receipts = nursery.rig.receipts.all();
    let calls = receipts.iter().filter(|one| one.extension == "conditions");
    assert_eq!(calls.count(), ROUNDS * 16 * 3);
    // Each time it had gone before it came back.
    let life = ["load", "enable", "disable", "stop"];
    assert_eq!(nursery.steps("orderly"), life.repeat(slept));
}

/// Calls a condition by its name, by its plugin and by a plugin that was held all the time, at slightly different moments.
async fn call_each_way(nursery: Nursery, handle: Plugin, caller: u64) {
    let pause = || tokio::time::sleep(std::time::Duration::from_millis(caller % 5));
    pause().await;
    let by_name = nursery
        .rig
        .evaluate("plugin:orderly:first-condition", json!({}));
    let by_name = by_name.await;
    assert!(by_name.holds, "{:?}", by_name.dispatched);
    pause().await;
    let by_host = nursery.ask("orderly").await;
    assert_eq!(by_host.reply, Some(true), "{by_host}");
    pause().await;
    let by_handle = nursery.rig.ask(&handle, "first-condition", json!({})).await;
    assert_eq!(by_handle.reply, Some(true), "{by_handle}");
}

/// Proves M8: what an awake plugin needs stays awake, and falls asleep with it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_needed_sleeps_last() {
    let nursery = Nursery::new(drowsy());
    nursery
        .rig
        .load_package(orderly("ground", "1.0.0", FIRST_USE))
        .await;
    let needs = "[dependencies]\nground = \"*\"\n";
    let tower = format!("{needs}{FIRST_USE}");
    nursery
        .rig
        .load_package(orderly("tower", "1.0.0", &tower))
        .await;
    nursery.ask("tower").await.reply.unwrap();
    assert_eq!(nursery.state("ground"), PluginState::Enabled);
    let asleep = nursery.rig.host.put_idle_to_sleep().await;
    assert_eq!(asleep, [id("tower"), id("ground")]);

    nursery
        .rig
        .load_package(orderly("steeple", "1.0.0", needs))
        .await;
    assert_eq!(nursery.state("ground"), PluginState::Enabled);
    assert_eq!(nursery.rig.host.put_idle_to_sleep().await, []);
}

/// Proves M8, X4: warm instances are gone when a plugin has slept.
#[tokio::test(flavor = "multi_thread")]
async fn sleep_forgets_warm_instances() {
    let nursery = Nursery::new(drowsy().instances(Instances::Warm { max_idle: 2 }));
    let hostile = nursery
        .rig
        .load_package(sleeper("hostile", "first-use"))
        .await;
    let count = || nursery.rig.ask(&hostile, "global-counter", json!({}));
    assert_eq!(count().await.reply, Some(false));
    assert_eq!(count().await.reply, Some(true), "it is warm");
    nursery.sleep("hostile").await;
    assert_eq!(count().await.reply, Some(false), "it is another one");
    assert_eq!(count().await.reply, Some(true));
}

/// Proves M8, O2: how well a plugin is, and what was revoked of its grant, is the same before and after its sleep.
#[tokio::test(flavor = "multi_thread")]
async fn sleep_forgets_nothing_else() {
    let nursery = Nursery::new(drowsy());
    let hostile = nursery
        .rig
        .load_package(sleeper("hostile", "first-use"))
        .await;
    for _ in 0..6 {
        let _fine = nursery.rig.ask(&hostile, "echo", json!({})).await;
        let _fails = nursery.rig.ask(&hostile, "unreachable", json!({})).await;
    }
    let health = nursery.rig.host.health();
    let one = health.first().unwrap();
    assert_eq!((one.calls, one.errors), (12, 6));
    hostile.grant().revoke("world:read");
    nursery.sleep("hostile").await;
    assert_eq!(nursery.rig.host.health(), health);
    let read = nursery
        .rig
        .ask(&hostile, "read-world", json!({ "config": "festival" }))
        .await;
    assert_eq!(read.denials.first().unwrap().why, "revoked", "{read}");
    assert_eq!(nursery.rig.host.health().first().unwrap().calls, 13);
}
