//! Waking that fails, takes too long, or is not waited for.

use std::time::Duration;

use portcullis::event::EventKind::{Awake, Failed, Loaded};
use portcullis::health::HealthState;
use portcullis::host::{LoadError, PluginState, WakeError};
use portcullis::{Blame, Outcome, Receipt};
use portcullis_tests::limits;

use super::nursery::{FIRST_USE, Nursery, id, orderly, sleeper, until};

fn was_not_woken(receipt: &Receipt<bool>, why: &str) {
    assert_eq!(receipt.outcome, Outcome::NotRun, "{receipt}");
    assert_eq!(receipt.blame, Some(Blame::Host), "{receipt}");
    let message = receipt.message.as_deref().unwrap();
    assert!(
        message.contains("cannot be woken") && message.contains(why),
        "{message}"
    );
}

/// `orderly`, whose `enable` fails because it holds this permission.
fn flawed(id: &str) -> portcullis::Package {
    let holds = "[permissions.\"world:read\"]\nreason = \"Fails.\"\n";
    orderly(id, "1.0.0", &format!("{holds}{FIRST_USE}"))
}

/// Proves M8: each caller waits in its own time; one that has none left did not run, through no fault of the plugin, and the plugin is awake
/// for the next one.
#[tokio::test(flavor = "multi_thread")]
async fn callers_wait_in_their_own_time() {
    let nursery = Nursery::new(limits(|limits| limits.wall_ms = 100));
    nursery
        .rig
        .load_package(sleeper("orderly", "first-use"))
        .await;
    nursery.settings.hold();
    for _ in 0..3 {
        let receipt = nursery.ask("orderly").await;
        assert_eq!(
            (receipt.outcome, receipt.blame),
            (Outcome::NotRun, Some(Blame::Host)),
            "{receipt}"
        );
        let message = receipt.message.as_deref().unwrap();
        assert!(message.contains("did not wake in time"), "{message}");
    }
    let health = nursery.rig.host.health().remove(0);
    assert_eq!((health.calls, health.state), (0, HealthState::Healthy));
    nursery.settings.let_go();
    until(|| nursery.state("orderly") == PluginState::Enabled).await;
    until(|| nursery.woken("orderly") == 1).await;
    assert_eq!(nursery.steps("orderly"), ["load", "enable"]);
}

/// Proves M8, X5: callers that go away leave their receipts, and do not stop the waking.
#[tokio::test(flavor = "multi_thread")]
async fn callers_that_go_do_not_stop_it() {
    let nursery = Nursery::new(limits(|limits| limits.wall_ms = 60_000));
    nursery
        .rig
        .load_package(sleeper("orderly", "first-use"))
        .await;
    nursery.settings.hold();
    let before = nursery.settings.asked();
    let caller = {
        let nursery = nursery.clone();
        tokio::spawn(async move { nursery.ask("orderly").await })
    };
    nursery.asked(before + 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    let receipts = nursery.rig.receipts(1).await;
    assert_eq!(receipts.first().unwrap().outcome, Outcome::Cancelled);
    assert_eq!(nursery.state("orderly"), PluginState::Asleep);
    nursery.settings.let_go();
    until(|| nursery.state("orderly") == PluginState::Enabled).await;
    assert_eq!(nursery.ask("orderly").await.reply, Some(true));
    assert_eq!(nursery.steps("orderly"), ["load", "enable"]);
}

/// Proves M8: a plugin that cannot be woken says why, once in the log of events, and is not tried again by each call.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_and_not_repeated() {
    let nursery = Nursery::new(limits(|_| {}));
    nursery.rig.load_package(flawed("orderly")).await;
    let why = "its `enable` ended as guest-error: `enable` fails on purpose";
    was_not_woken(&nursery.ask("orderly").await, why);
    for _ in 0..20 {
        was_not_woken(&nursery.ask("orderly").await, why);
    }
    assert_eq!(
        nursery.steps("orderly"),
        ["load", "enable", "stop"],
        "it was tried once, and what had begun was ended"
    );
    assert_eq!(nursery.state("orderly"), PluginState::Asleep);
    let events = nursery.events.all().into_iter();
    let told = events.filter(|event| event.kind == Failed && event.call.is_none());
    let told: Vec<_> = told.map(|event| event.message).collect();
    let [told] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert!(
        told.starts_with("cannot be woken") && told.contains(why),
        "{told}"
    );

    nursery.clock.pass(4_999);
    was_not_woken(&nursery.ask("orderly").await, "it is tried again");
    assert_eq!(nursery.steps("orderly").len(), 3);
    nursery.clock.pass(1);
    was_not_woken(&nursery.ask("orderly").await, why);
    assert_eq!(nursery.steps("orderly").len(), 6);
    let woken = nursery.rig.host.wake(&id("orderly")).await;
    let Err(WakeError::Failed { receipt, .. }) = woken else {
        panic!("{woken:?}");
    };
    assert_eq!(&*receipt.unwrap().operation, "enable");
}

/// Proves M8, M6: settings that are missing keep a plugin asleep until they are there; what went well is not held against it.
#[tokio::test(flavor = "multi_thread")]
async fn what_went_wrong_may_go_right() {
    let nursery = Nursery::new(limits(|_| {}));
    nursery
        .rig
        .load_package(sleeper("orderly", "first-use"))
        .await;
    nursery.settings.fail("orderly", true);
    was_not_woken(&nursery.ask("orderly").await, "the vault is sealed");
    nursery.settings.fail("orderly", false);
    was_not_woken(&nursery.ask("orderly").await, "the vault is sealed");
    nursery.clock.pass(5_000);
    assert_eq!(nursery.ask("orderly").await.reply, Some(true));
    let kinds = nursery.events.of("orderly");
    assert_eq!(
        kinds,
        [Loaded, Failed, Failed, Failed, Awake],
        "one of the waking, two of calls"
    );
}

/// Proves M8: a plugin is not woken without what it needs, and says so; nor is one loaded that starts at once.
#[tokio::test(flavor = "multi_thread")]
async fn what_it_needs_may_fail() {
    let nursery = Nursery::new(limits(|_| {}));
    nursery.rig.load_package(flawed("ground")).await;
    let needs = "[dependencies]\nground = \"*\"\n";
    let tower = orderly("tower", "1.0.0", &format!("{needs}{FIRST_USE}"));
    nursery.rig.load_package(tower).await;
    was_not_woken(
        &nursery.ask("tower").await,
        "`ground`, which it needs: its `enable`",
    );
    assert!(nursery.steps("tower").is_empty());
    let refused = nursery
        .rig
        .try_load(orderly("steeple", "1.0.0", needs))
        .await;
    assert!(matches!(refused, Err(LoadError::Asleep(_))), "{refused:?}");
    assert!(nursery.steps("steeple").is_empty());
}

/// Proves M8, X7: calls that wait for a plugin that is replaced or unloaded meanwhile are served by it, and it goes then.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_wait_are_served_though_it_goes() {
    for unloads in [false, true] {
        let nursery = Nursery::new(limits(|limits| limits.wall_ms = 60_000));
        nursery
            .rig
            .load_package(orderly("orderly", "1.0.0", FIRST_USE))
            .await;
        nursery.settings.hold();
        let before = nursery.settings.asked();
        let caller = {
            let nursery = nursery.clone();
            tokio::spawn(async move { nursery.ask("orderly").await })
        };
        nursery.asked(before + 1).await;
        nursery.settings.let_others_in();
        let change = {
            let (rig, host) = (nursery.rig.clone(), nursery.rig.host.clone());
            tokio::spawn(async move {
                match unloads {
                    true => host.unload(&id("orderly")).await.unwrap(),
                    false => drop(
                        rig.load_package(orderly("orderly", "2.0.0", FIRST_USE))
                            .await,
                    ),
                }
            })
        };
        match unloads {
            true => until(|| nursery.rig.host.plugins().is_empty()).await,
            false => until(|| nursery.version("orderly") == "2.0.0").await,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!change.is_finished());
        nursery.settings.let_go();
        let receipt = caller.await.unwrap();
        assert_eq!(receipt.reply, Some(true), "{receipt}");
        assert_eq!(receipt.plugin.version.to_string(), "1.0.0");
        change.await.unwrap();
        assert_eq!(
            nursery.steps("orderly"),
            ["load", "enable", "disable", "stop"]
        );
        assert_eq!(nursery.woken("orderly"), 0, "who was woken is gone");
        if !unloads {
            assert_eq!(nursery.state("orderly"), PluginState::Asleep);
            let receipt = nursery.ask("orderly").await;
            assert_eq!(receipt.plugin.version.to_string(), "2.0.0");
        }
    }
}

/// Proves M8, E1: a plugin that is disabled while it is woken does not serve, and ends its life as it began it.
#[tokio::test(flavor = "multi_thread")]
async fn disabled_while_it_is_woken() {
    let nursery = Nursery::new(limits(|limits| limits.wall_ms = 60_000));
    nursery
        .rig
        .load_package(sleeper("orderly", "first-use"))
        .await;
    nursery.settings.hold();
    let before = nursery.settings.asked();
    let caller = {
        let nursery = nursery.clone();
        tokio::spawn(async move { nursery.ask("orderly").await })
    };
    nursery.asked(before + 1).await;
    nursery.rig.host.disable(&id("orderly")).await.unwrap();
    nursery.settings.let_go();
    was_not_woken(&caller.await.unwrap(), "disabled");
    assert_eq!(nursery.state("orderly"), PluginState::Disabled);
    assert_eq!(
        nursery.steps("orderly"),
        ["load", "enable", "disable", "stop"]
    );
    // Enabled, it is woken at once: this was no failure.
    nursery.rig.host.enable(&id("orderly")).await.unwrap();
    assert_eq!(nursery.ask("orderly").await.reply, Some(true));
}
