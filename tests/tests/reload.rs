//! Plugins come, go and are replaced while others serve.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis::event::EventKind::{Enabled, Loaded, Unloaded};
use portcullis::extension::Skip;
use portcullis::extension::conditions::{Conditions, Evaluate};
use portcullis::host::{LoadError, PluginState, UnloadError};
use portcullis::{Outcome, Package, PluginId, Receipt, Subject};
use portcullis_tests::{Events, Rig, component, embed, limits, plugin, rig};
use serde_json::{Map, json};

fn id(id: &str) -> PluginId {
    id.parse().unwrap()
}

/// The plugin `orderly` in another version.
fn orderly(version: &str) -> Package {
    let manifest = std::fs::read_to_string(
        portcullis_tests::plugins::root().join("tests/guests/orderly/plugin.toml"),
    );
    let manifest = manifest
        .unwrap()
        .replace("version = \"0.1.0\"", &format!("version = \"{version}\""));
    embed(&component("orderly"), &manifest)
}

/// Asks `first-condition` by both ways that a host has, until told to stop; gives how often.
async fn keep_asking(rig: Rig, stop: Arc<AtomicBool>) -> usize {
    let mut asked = 0;
    while !stop.load(Ordering::Relaxed) {
        let evaluation = rig
            .evaluate("plugin:orderly:first-condition", json!({}))
            .await;
        assert!(evaluation.holds, "{:?}", evaluation.dispatched);
        let request = Evaluate {
            name: "first-condition".into(),
            params: Default::default(),
        };
        let receipt = rig
            .host
            .call::<Conditions>(&id("orderly"), rig::ada(), request)
            .await
            .unwrap();
        assert_eq!(receipt.reply, Some(true), "{receipt}");
        asked += 2;
    }
    asked
}

/// Proves X7: a plugin is replaced 20 times under 16 callers, and no call is lost: each returns, with one receipt, from one of the versions.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reload_loses_no_call() {
    let rig = Rig::default();
    rig.load_package(orderly("1.0.0")).await;
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..16)
        .map(|_| tokio::spawn(keep_asking(rig.clone(), stop.clone())))
        .collect();
    for round in 1..=20 {
        rig.load_package(orderly(&format!("1.0.{}", round % 3)))
            .await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut asked = 0;
    for caller in callers {
        asked += caller.await.unwrap();
    }
    assert!(asked > 100, "only {asked} calls were made");
    let receipts = rig.receipts.all();
    let calls: Vec<_> = receipts
        .iter()
        .filter(|record| record.extension == "conditions")
        .collect();
    assert_eq!(calls.len(), asked);
    assert!(
        calls
            .iter()
            .all(|record| record.outcome == Outcome::Returned)
    );
    for step in ["load", "enable", "disable", "stop"] {
        let steps = receipts
            .iter()
            .filter(|record| *record.operation == *step)
            .count();
        assert_eq!(
            steps,
            if ["load", "enable"].contains(&step) {
                21
            } else {
                20
            },
            "{step}"
        );
    }
    assert_eq!(rig.host.plugins().len(), 1);
    assert_eq!(rig.host.registry().entries().len(), 5);
}

/// Proves X7, E1: unloading waits for the calls in flight, takes no new ones, and tells the plugin last.
#[tokio::test(flavor = "multi_thread")]
async fn unloading_waits_for_calls_in_flight() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    let gate = rig.state.reads.gate();
    let in_flight = {
        let rig = rig.clone();
        tokio::spawn(async move {
            rig.evaluate("plugin:hostile:read-flag", json!({ "key": "of-world" }))
                .await
        })
    };
    gate.entered().await;
    let unloading = {
        let host = rig.host.clone();
        tokio::spawn(async move { host.unload(&id("hostile")).await })
    };
    while rig.host.plugin(&id("hostile")).is_some() {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    assert!(!unloading.is_finished(), "a call is in flight");
    let late = rig.evaluate("plugin:hostile:echo", json!({})).await;
    assert_eq!(late.dispatched.unwrap_err(), Skip::Unknown);
    let late = rig.ask(&hostile, "echo", json!({})).await;
    assert_eq!(late.outcome, Outcome::NotRun, "{late}");
    gate.open();
    assert!(in_flight.await.unwrap().holds);
    unloading.await.unwrap().unwrap();
    assert!(matches!(
        rig.host.unload(&id("hostile")).await,
        Err(UnloadError::NotLoaded(_))
    ));
}

/// Proves X5: a call that was made and never polled holds nothing up; polled after its plugin is gone, it leaves a receipt all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_begins_when_it_is_polled() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    let request = Evaluate {
        name: "echo".into(),
        params: Map::new(),
    };
    let call = hostile.call::<Conditions>(Subject::world("alpha"), request);
    rig.host.unload(&id("hostile")).await.unwrap();
    let receipt = call.await;
    assert_eq!(receipt.outcome, Outcome::NotRun, "{receipt}");
}

/// Proves X7: a new version that is refused, by the grant or by its own `load`, leaves the old one serving.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_reload_leaves_the_old_one() {
    let rig = Rig::new(limits(|limits| limits.wall_ms = 500));
    rig.load_package(orderly("1.0.0")).await;
    let manifest = |permission: &str| {
        let text = std::fs::read_to_string(
            portcullis_tests::plugins::root().join("tests/guests/orderly/plugin.toml"),
        );
        let text = text
            .unwrap()
            .replace("version = \"0.1.0\"", "version = \"2.0.0\"");
        format!("{text}\n[permissions.\"{permission}\"]\nreason = \"x\"\n")
    };
    // The first fails to enable, the second asks for what this host does not offer.
    let fails = embed(&component("orderly"), &manifest("world:read"));
    assert!(matches!(
        rig.try_load(fails).await,
        Err(LoadError::Lifecycle(_))
    ));
    let refused = embed(&component("orderly"), &manifest("db:read"));
    assert!(matches!(
        rig.try_load(refused).await,
        Err(LoadError::Grant(_))
    ));
    let version = rig
        .host
        .plugin(&id("orderly"))
        .unwrap()
        .identity()
        .version
        .to_string();
    assert_eq!(version, "1.0.0");
    assert!(
        rig.evaluate("plugin:orderly:first-condition", json!({}))
            .await
            .holds
    );
}

/// Proves E1, E6: a disabled plugin stays loaded and contributes nothing; both directions are idempotent.
#[tokio::test(flavor = "multi_thread")]
async fn disabling_and_enabling() {
    let rig = Rig::default();
    rig.load("orderly").await;
    let state = || rig.host.plugins().first().unwrap().state;
    for _ in 0..2 {
        rig.host.disable(&id("orderly")).await.unwrap();
        assert_eq!(
            (state(), rig.host.registry().entries().len()),
            (PluginState::Disabled, 0)
        );
        assert!(
            !rig.evaluate("plugin:orderly:first-condition", json!({}))
                .await
                .holds
        );
    }
    for _ in 0..2 {
        rig.host.enable(&id("orderly")).await.unwrap();
        assert_eq!(
            (state(), rig.host.registry().entries().len()),
            (PluginState::Enabled, 5)
        );
    }
    let steps: Vec<_> = rig
        .receipts
        .all()
        .iter()
        .map(|record| record.operation.to_string())
        .collect();
    assert_eq!(steps, ["load", "enable", "disable", "enable"]);
    assert!(matches!(
        rig.host.enable(&id("nobody")).await,
        Err(UnloadError::NotLoaded(_))
    ));
    assert!(matches!(
        rig.host.disable(&id("nobody")).await,
        Err(UnloadError::NotLoaded(_))
    ));
}

/// Proves E1: a disabled plugin is not called in whatever way, and stays disabled when another version takes its place. Unloaded, it is
/// forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_plugin_is_not_called() {
    let rig = Rig::default();
    let old = rig.load_package(orderly("1.0.0")).await;
    let refused = |receipt: Receipt<bool>| {
        assert_eq!(
            (receipt.outcome, receipt.message.as_deref()),
            (Outcome::NotRun, Some("the plugin is disabled")),
            "{receipt}"
        );
    };
    let by_host = async || {
        let request = Evaluate {
            name: "first-condition".into(),
            params: Map::new(),
        };
        rig.host
            .call::<Conditions>(&id("orderly"), rig::ada(), request)
            .await
            .unwrap()
    };
    let steps = || -> Vec<_> {
        let receipts = rig.receipts.take().into_iter();
        let steps = receipts.filter(|record| record.extension == "lifecycle");
        steps.map(|record| record.operation.to_string()).collect()
    };
    rig.host.disable(&id("orderly")).await.unwrap();
    refused(rig.ask(&old, "first-condition", json!({})).await);
    refused(by_host().await);
    assert_eq!(steps(), ["load", "enable", "disable"]);

    let new = rig.load_package(orderly("2.0.0")).await;
    assert_eq!(steps(), ["load", "stop"]);
    let status = rig.host.plugins().remove(0);
    assert_eq!(
        (status.identity.version.to_string(), status.state),
        ("2.0.0".to_owned(), PluginState::Disabled)
    );
    assert!(rig.host.registry().entries().is_empty());
    refused(rig.ask(&new, "first-condition", json!({})).await);
    rig.host.enable(&id("orderly")).await.unwrap();
    assert_eq!(by_host().await.reply, Some(true));
    assert_eq!(steps(), ["enable"]);

    rig.host.disable(&id("orderly")).await.unwrap();
    rig.host.unload(&id("orderly")).await.unwrap();
    rig.load_package(orderly("1.0.0")).await;
    assert_eq!(by_host().await.reply, Some(true));
}

/// Proves X7, O5: an unloading that nobody waits for any more ends all the same, and what comes next waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn an_unloading_that_is_dropped_ends() {
    let events = Arc::<Events>::default();
    let rig = Rig::with(limits(|_| {}), |builder| {
        builder
            .compile_cache(rig::shared_cache())
            .events(events.clone())
    });
    let hostile = rig.load("hostile").await;
    let gate = rig.state.reads.gate();
    let in_flight = {
        let (rig, flag) = (rig.clone(), json!({ "key": "of-world" }));
        tokio::spawn(async move { rig.ask(&hostile, "read-flag", flag).await })
    };
    gate.entered().await;
    let unloading = {
        let host = rig.host.clone();
        tokio::spawn(async move { host.unload(&id("hostile")).await })
    };
    while rig.host.plugin(&id("hostile")).is_some() {
        tokio::task::yield_now().await;
    }
    unloading.abort();
    assert!(unloading.await.unwrap_err().is_cancelled());
    let loading = {
        let rig = rig.clone();
        tokio::spawn(async move { rig.load("hostile").await })
    };
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(events.of("hostile"), [Loaded, Enabled]);
    gate.open();
    assert_eq!(in_flight.await.unwrap().reply, Some(true));
    loading.await.unwrap();
    assert_eq!(
        events.of("hostile"),
        [Loaded, Enabled, Unloaded, Loaded, Enabled]
    );
}

/// Proves E6: the registry tells how many of each there are and whose they are; a snapshot that somebody holds does not change.
#[tokio::test(flavor = "multi_thread")]
async fn the_registry_is_a_snapshot() {
    let rig = Rig::default();
    for name in ["orderly", "stealth", "romance", "performance"] {
        rig.load_package(plugin(name)).await;
    }
    let before = rig.host.registry();
    let statistics = before.statistics();
    let count = |extension: &str, plugin: &str| {
        statistics
            .iter()
            .find(|row| row.extension == extension && row.plugin.as_str() == plugin)
            .map(|row| row.entries)
    };
    assert_eq!(count("conditions", "stealth"), Some(2));
    assert_eq!(count("effects", "romance"), Some(2));
    assert_eq!(count("simulation", "performance"), Some(1));
    assert_eq!(
        count("conditions", "orderly"),
        Some(1),
        "it registers one of two"
    );
    rig.host.unload(&id("stealth")).await.unwrap();
    assert!(before.find("plugin:stealth:has-disguise").is_some());
    assert!(
        rig.host
            .registry()
            .find("plugin:stealth:has-disguise")
            .is_none()
    );
}
