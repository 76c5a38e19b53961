//! Sleep, and what operators and the guard do.

use std::sync::Arc;

use portcullis::Outcome;
use portcullis::event::EventKind::{Asleep, Awake, Disabled, Enabled, Loaded, Probation, Tripped};
use portcullis::guard::GuardPolicy;
use portcullis::host::PluginState;
use portcullis_tests::{Records, limits};
use serde_json::json;

use super::nursery::{FIRST_USE, Nursery, id, orderly, sleeper, until};
use super::sleep::drowsy;

/// Proves M8, X7: a sleeper is replaced and unloaded without ever being woken; one that is in use is replaced by one that is awake.
#[tokio::test(flavor = "multi_thread")]
async fn a_sleeper_is_replaced_and_unloaded() {
    let nursery = Nursery::new(drowsy());
    let load = async |version: &str, more: &str| {
        let package = orderly("orderly", version, more);
        nursery.rig.try_load(package).await
    };
    for version in ["1.0.0", "1.1.0"] {
        load(version, FIRST_USE).await.unwrap();
        assert_eq!(nursery.state("orderly"), PluginState::Asleep);
    }
    assert!(nursery.steps("orderly").is_empty());
    let receipt = nursery.ask("orderly").await;
    assert_eq!(receipt.plugin.version.to_string(), "1.1.0");

    load("1.2.0", FIRST_USE).await.unwrap();
    assert_eq!(nursery.state("orderly"), PluginState::Enabled);
    // One that cannot be started leaves the one in use.
    let fails = format!("[permissions.\"world:read\"]\nreason = \"Fails.\"\n{FIRST_USE}");
    load("1.3.0", &fails).await.unwrap_err();
    let receipt = nursery.ask("orderly").await;
    assert_eq!(receipt.reply, Some(true), "{receipt}");
    assert_eq!(receipt.plugin.version.to_string(), "1.2.0");

    nursery.sleep("orderly").await;
    nursery.rig.receipts.take();
    let handle = nursery.rig.host.plugin(&id("orderly")).unwrap();
    nursery.rig.host.unload(&id("orderly")).await.unwrap();
    assert!(nursery.steps("orderly").is_empty(), "it had gone before");
    assert_eq!(nursery.entries("orderly"), 0);
    let late = nursery.rig.ask(&handle, "first-condition", json!({})).await;
    assert_eq!(late.message.as_deref(), Some("the plugin is stopped"));
}

/// Proves M8, E1: a sleeper is disabled and enabled without being woken, and is not woken while it is disabled.
#[tokio::test(flavor = "multi_thread")]
async fn a_sleeper_is_disabled_and_enabled() {
    let nursery = Nursery::new(drowsy());
    let handle = nursery
        .rig
        .load_package(sleeper("orderly", "first-use"))
        .await;
    let host = &nursery.rig.host;
    host.disable(&id("orderly")).await.unwrap();
    assert_eq!(nursery.state("orderly"), PluginState::Disabled);
    assert_eq!(nursery.entries("orderly"), 0);
    for receipt in [
        nursery.ask("orderly").await,
        nursery.rig.ask(&handle, "first-condition", json!({})).await,
    ] {
        assert_eq!(receipt.message.as_deref(), Some("the plugin is disabled"));
    }
    host.wake(&id("orderly")).await.unwrap_err();
    host.enable(&id("orderly")).await.unwrap();
    assert_eq!(nursery.state("orderly"), PluginState::Asleep);
    assert_eq!(nursery.entries("orderly"), 9);
    assert!(nursery.steps("orderly").is_empty());
    assert_eq!(nursery.ask("orderly").await.reply, Some(true));

    // One that is awake disables itself, and gives its memory back when it was idle.
    host.disable(&id("orderly")).await.unwrap();
    nursery.sleep("orderly").await;
    assert_eq!(nursery.state("orderly"), PluginState::Disabled);
    let life = ["load", "enable", "disable", "stop"];
    assert_eq!(nursery.steps("orderly"), life);
    host.enable(&id("orderly")).await.unwrap();
    assert_eq!(nursery.state("orderly"), PluginState::Asleep);
    assert_eq!(nursery.entries("orderly"), 5);
    assert_eq!(nursery.ask("orderly").await.reply, Some(true));
    let mut kinds = nursery.events.of("orderly");
    kinds.retain(|kind| *kind != portcullis::event::EventKind::Failed);
    let told = [
        Loaded, Disabled, Enabled, Awake, Disabled, Asleep, Enabled, Awake,
    ];
    assert_eq!(kinds, told);
}

/// Proves M8, E1: a plugin that an operator disabled stays so in the version that takes its place, asleep or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_sleeper_is_replaced() {
    let nursery = Nursery::new(drowsy());
    nursery
        .rig
        .load_package(orderly("orderly", "1.0.0", FIRST_USE))
        .await;
    nursery.rig.host.disable(&id("orderly")).await.unwrap();
    nursery
        .rig
        .load_package(orderly("orderly", "2.0.0", FIRST_USE))
        .await;
    assert_eq!(nursery.state("orderly"), PluginState::Disabled);
    assert_eq!(nursery.ask("orderly").await.outcome, Outcome::NotRun);
    assert!(nursery.steps("orderly").is_empty());
    nursery.rig.host.enable(&id("orderly")).await.unwrap();
    assert_eq!(nursery.ask("orderly").await.reply, Some(true));
}

/// Proves M8, O6: failures before a sleep count after it, and one that the guard has disabled is not woken, by whatever host, until an operator
/// puts it on trial.
#[tokio::test(flavor = "multi_thread")]
async fn the_guard_does_not_sleep() {
    let records = Arc::<Records>::default();
    let policy = || drowsy().guard(GuardPolicy::default());
    let first = Nursery::remembering(policy(), &records);
    let hostile = first
        .rig
        .load_package(sleeper("hostile", "first-use"))
        .await;
    for call in 0..5 {
        let receipt = first.rig.ask(&hostile, "unreachable", json!({})).await;
        assert_eq!(receipt.outcome, Outcome::Trapped, "{receipt}");
        if call < 4 {
            first.sleep("hostile").await;
        }
    }
    until(|| first.entries("hostile") == 0).await;
    first.sleep("hostile").await;
    assert_eq!(first.state("hostile"), PluginState::Disabled);
    let refused = first.rig.ask(&hostile, "echo", json!({})).await;
    let message = refused.message.as_deref().unwrap();
    assert!(
        message.starts_with("disabled after 5 failures in a row"),
        "{message}"
    );
    assert_eq!(
        (first.woken("hostile"), first.events.count(Tripped)),
        (5, 1)
    );

    let second = Nursery::remembering(policy(), &records);
    let hostile = second
        .rig
        .load_package(sleeper("hostile", "first-use"))
        .await;
    assert_eq!(second.state("hostile"), PluginState::Disabled);
    let refused = second.rig.ask(&hostile, "echo", json!({})).await;
    assert_eq!(refused.outcome, Outcome::NotRun, "{refused}");
    second.rig.host.wake(&id("hostile")).await.unwrap_err();
    assert_eq!(second.woken("hostile"), 0);

    second.rig.host.enable(&id("hostile")).await.unwrap();
    assert_eq!(second.state("hostile"), PluginState::Asleep);
    assert_eq!(second.events.count(Probation), 1);
    for _ in 0..3 {
        second.sleep_if_awake("hostile").await;
        let passed = second.rig.ask(&hostile, "echo", json!({})).await;
        assert_eq!(passed.outcome, Outcome::Returned, "{passed}");
    }
    let recovered = portcullis::event::EventKind::Recovered;
    assert_eq!(second.events.count(recovered), 1);
}

/// Proves M8: a host puts idle plugins to sleep by itself, and a host that nobody holds any more does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_sweeps_by_itself() {
    let nursery = Nursery::new(limits(|_| {}).idle_ms(1));
    let handle = nursery
        .rig
        .load_package(sleeper("orderly", "first-use"))
        .await;
    nursery.ask("orderly").await.reply.unwrap();
    until(|| nursery.state("orderly") == PluginState::Asleep).await;
    let events = nursery.events.clone();
    let held = Arc::downgrade(&nursery.settings);
    drop(nursery);
    // The plugin keeps what it was made with, and nothing of the host.
    until(|| held.upgrade().is_none()).await;
    let request = portcullis::extension::conditions::Evaluate {
        name: "first-condition".into(),
        params: Default::default(),
    };
    let subject = portcullis_tests::rig::ada();
    let late = handle
        .call::<portcullis::extension::conditions::Conditions>(subject, request)
        .await;
    assert_ne!(late.outcome, Outcome::Returned, "{late}");
    assert_eq!(
        events
            .of("orderly")
            .iter()
            .filter(|kind| **kind == Awake)
            .count(),
        1
    );
}
