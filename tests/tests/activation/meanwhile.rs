//! What happens while plugins are woken: to them, to others, and to who waits.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

use futures_util::future::join_all;
use portcullis::host::PluginState;
use portcullis_tests::limits;

use super::nursery::{FIRST_USE, Nursery, id, orderly, until};
use super::sleep::drowsy;

const NEEDS_GROUND: &str = "[dependencies]\nground = \"*\"\n";

/// Proves M8, X7: one that was woken while its successor was looked at is in use by then, and is replaced by one that is awake.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_woken_meanwhile_is_in_use() {
    let nursery = Nursery::new(limits(|limits| limits.wall_ms = 60_000));
    let load = |version: &'static str| {
        let nursery = nursery.clone();
        async move {
            let package = orderly("orderly", version, FIRST_USE);
            nursery.rig.load_package(package).await;
        }
    };
    load("1.0.0").await;
    let before = nursery.settings.asked();
    nursery.settings.hold();
    let loading = tokio::spawn(load("2.0.0"));
    nursery.asked(before + 1).await;
    nursery.settings.let_others_in();
    let receipt = nursery.ask("orderly").await;
    assert_eq!(receipt.plugin.version.to_string(), "1.0.0");
    assert_eq!(nursery.state("orderly"), PluginState::Enabled);
    nursery.settings.let_go();
    loading.await.unwrap();
    assert_eq!(nursery.version("orderly"), "2.0.0");
    assert_eq!(nursery.state("orderly"), PluginState::Enabled);
}

/// Proves M8: no more plugins are compiled at once than there are cores, and all of them come.
#[tokio::test(flavor = "multi_thread")]
async fn not_all_are_woken_at_once() {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let nursery = Nursery::new(limits(|limits| limits.wall_ms = 60_000));
    let names: Vec<_> = (0..cores + 3).map(|one| format!("one-{one}")).collect();
    for name in &names {
        let package = orderly(name, "1.0.0", FIRST_USE);
        nursery.rig.load_package(package).await;
    }
    let before = nursery.settings.asked();
    nursery.settings.hold();
    let wakes = names.iter().map(|name| {
        let (nursery, name) = (nursery.clone(), id(name));
        tokio::spawn(async move { nursery.rig.host.wake(&name).await })
    });
    let wakes: Vec<_> = wakes.collect();
    nursery.asked(before + cores).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let asked = nursery.settings.asked();
    nursery.settings.let_go();
    assert_eq!(asked, before + cores);
    for woken in join_all(wakes).await {
        woken.unwrap().unwrap();
    }
}

/// Proves M8, M5: what is enabled that an awake plugin needs is woken.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_needed_is_woken_when_it_is_enabled() {
    let nursery = Nursery::new(limits(|_| {}));
    let ground = orderly("ground", "1.0.0", FIRST_USE);
    let tower = orderly("tower", "1.0.0", &format!("{NEEDS_GROUND}{FIRST_USE}"));
    nursery.rig.load_package(ground).await;
    nursery.rig.load_package(tower).await;
    let host = &nursery.rig.host;
    host.disable(&id("ground")).await.unwrap();
    host.wake(&id("tower")).await.unwrap();
    host.enable(&id("ground")).await.unwrap();
    assert_eq!(nursery.state("ground"), PluginState::Enabled);
    assert_eq!(nursery.woken("ground"), 1);
}

/// Proves M8, E1: enabling a plugin goes on though nobody waits for it any more.
#[tokio::test(flavor = "multi_thread")]
async fn enabling_is_not_cut() {
    let nursery = Nursery::new(drowsy());
    let ground = orderly("ground", "1.0.0", FIRST_USE);
    nursery.rig.load_package(ground).await;
    let tower = orderly("tower", "1.0.0", NEEDS_GROUND);
    nursery.rig.load_package(tower).await;
    let host = &nursery.rig.host;
    host.disable(&id("tower")).await.unwrap();
    nursery.sleep("ground").await;
    let before = nursery.settings.asked();
    nursery.settings.hold();
    let enabling = {
        let host = host.clone();
        tokio::spawn(async move { host.enable(&id("tower")).await })
    };
    nursery.asked(before + 1).await;
    enabling.abort();
    assert!(enabling.await.unwrap_err().is_cancelled());
    nursery.settings.let_go();
    until(|| nursery.state("tower") == PluginState::Enabled).await;
    assert_eq!(nursery.ask("tower").await.reply, Some(true));
}

/// Proves M8, M5: that what a plugin needs could not be woken is remembered there, and not once more, for longer, for the plugin itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_remembered_once() {
    let nursery = Nursery::new(limits(|_| {}));
    let ground = orderly("ground", "1.0.0", FIRST_USE);
    let tower = orderly("tower", "1.0.0", &format!("{NEEDS_GROUND}{FIRST_USE}"));
    nursery.rig.load_package(ground).await;
    nursery.rig.load_package(tower).await;
    nursery.settings.fail("ground", true);
    let host = &nursery.rig.host;
    host.wake(&id("ground")).await.unwrap_err();
    nursery.clock.pass(4_000);
    host.wake(&id("tower")).await.unwrap_err();
    nursery.settings.fail("ground", false);
    nursery.clock.pass(1_000);
    host.wake(&id("tower")).await.unwrap();
}
