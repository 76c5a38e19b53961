//! Events wait for their handlers: how many, over a reload, and until when.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use portcullis::bus::{Bus, EventPolicy};
use portcullis::enabled::EnabledSource;
use portcullis::guard::GuardPolicy;
use portcullis::host::LocalBus;
use portcullis::{Consent, EnabledPlugins, Host, PluginId, Subject};
use portcullis_tests::rig::shared_cache;
use portcullis_tests::{MemoryState, Messenger, Rig, Trouble, limits};
use serde_json::{Value, json};

fn id(id: &str) -> PluginId {
    id.parse().unwrap()
}

/// Proves E9: a handler that takes a hundred times as long as its events take to come loses those that the counter says, the newest ones, and no other
/// handler loses any. The emitter does not wait.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_handler_loses_what_the_counter_says() {
    let rig = Rig::default();
    let slow = Messenger::new("slow").hears_up_to("sleeps", "work", 16);
    let fast = Messenger::new("fast").hears_up_to("counts", "work", 1_000);
    rig.load_package(slow.package()).await;
    rig.load_package(fast.package()).await;
    let sent = 500;
    for _ in 0..sent {
        rig.emit("work", json!(20)).await;
    }
    // All were sent before the handler was through with what it could take.
    let [handled, ..] = rig.counts("slow", "sleeps");
    assert!(handled < 400, "the emitter waited: {handled}");
    rig.host.events_idle().await;
    let [handled, failed, skipped, dropped] = rig.counts("slow", "sleeps");
    assert_eq!((handled + dropped, failed, skipped), (sent, 0, 0));
    assert!(handled >= 16 && dropped > 0, "{handled} {dropped}");
    assert_eq!(rig.counted("slow").get("sleeps"), Some(&handled));
    assert_eq!(rig.counts("fast", "counts"), [sent, 0, 0, 0]);
}

/// Proves E9: the queue holds what the manifest wants, within the host's bounds, and of too many events the first ones are handled, in their order.
#[tokio::test(flavor = "multi_thread")]
async fn the_newest_are_dropped() {
    for (wanted, holds) in [(Some(2), 2), (Some(9), 5), (None, 3)] {
        let mut events = EventPolicy::default();
        (events.queue, events.max_queue) = (3, 5);
        let rig = Rig::new(limits(|_| {}).events(events));
        let messenger = Messenger::new("messenger");
        let messenger = match wanted {
            Some(queue) => messenger.hears_up_to("keeps", "n", queue),
            None => messenger.hears("keeps", "n"),
        };
        rig.load_package(messenger.package()).await;
        // The handler has the first one in hand while the others come.
        let gate = rig.state.commits.gate();
        rig.emit("n", json!(0)).await;
        gate.entered().await;
        for number in 1..10 {
            rig.emit("n", json!(number)).await;
        }
        rig.state.commits.set(Trouble::None);
        gate.open();
        rig.host.events_idle().await;
        let expected: Vec<u64> = (0..=holds).collect();
        assert_eq!(rig.kept("messenger", "kept/keeps"), Some(json!(expected)));
        assert_eq!(
            rig.counts("messenger", "keeps"),
            [holds + 1, 0, 0, 9 - holds]
        );
    }
}

/// Proves E9, X7: events that wait when the plugin is reloaded are handled, in their order, by the version that is there when their turn comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_reload_loses_no_event_that_waits() {
    let rig = Rig::default();
    let version = |number: u64| {
        let messenger = Messenger::new("messenger").version(format!("1.0.{number}"));
        messenger.hears_up_to("keeps", "n", 100).package()
    };
    rig.load_package(version(0)).await;
    let gate = rig.state.commits.gate();
    for number in 0..40 {
        rig.emit("n", json!(number)).await;
    }
    for number in 1..=4 {
        // One event is at the old version; loading the new one waits for it.
        gate.entered().await;
        let loading = {
            let (rig, package) = (rig.clone(), version(number));
            tokio::spawn(async move { rig.load_package(package).await })
        };
        while rig
            .host
            .plugin(&id("messenger"))
            .unwrap()
            .identity()
            .version
            .patch
            != number
        {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        gate.open();
        loading.await.unwrap();
    }
    gate.entered().await;
    rig.state.commits.set(Trouble::None);
    gate.open();
    rig.host.events_idle().await;
    let expected: Vec<_> = (0..40).collect();
    assert_eq!(rig.kept("messenger", "kept/keeps"), Some(json!(expected)));
    assert_eq!(rig.counts("messenger", "keeps"), [40, 0, 0, 0]);
    let receipts = rig.receipts.all();
    let calls = receipts.iter().filter(|one| one.extension == "events");
    let versions: Vec<_> = calls.map(|one| one.plugin.version.patch).collect();
    assert!(versions.is_sorted(), "{versions:?}");
    assert_eq!(
        BTreeSet::from_iter(versions).len(),
        5,
        "each version had its part"
    );
}

/// Proves E9, X7: a new version that hears something else keeps of what waits what it hears as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_hears_something_else_keeps_what_it_hears() {
    let rig = Rig::default();
    let hears = |subject| {
        Messenger::new("messenger")
            .hears("keeps", subject)
            .package()
    };
    rig.load_package(hears("n.*")).await;
    let gate = rig.state.commits.gate();
    for (subject, number) in [("n.a", 0), ("n.a", 1), ("n.b", 2), ("n.a", 3)] {
        rig.emit(subject, json!(number)).await;
    }
    gate.entered().await;
    let loading = {
        let (rig, package) = (rig.clone(), hears("*.a"));
        tokio::spawn(async move { rig.load_package(package).await })
    };
    while rig.statistic("messenger", "keeps").subject.as_str() != "*.a" {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    rig.state.commits.set(Trouble::None);
    gate.open();
    loading.await.unwrap();
    rig.emit("m.a", json!(4)).await;
    rig.emit("n.b", json!(5)).await;
    rig.host.events_idle().await;
    assert_eq!(
        rig.kept("messenger", "kept/keeps"),
        Some(json!([0, 1, 3, 4]))
    );
    assert_eq!(rig.counts("messenger", "keeps"), [4, 0, 1, 0]);
}

/// Proves E9, X7: what is disabled or unloaded does not hear, and its waiting events are gone; enabled, it hears what comes from then on.
#[tokio::test(flavor = "multi_thread")]
async fn disabled_and_unloaded_plugins_do_not_hear() {
    let rig = Rig::default();
    let messenger = Messenger::new("messenger").hears("keeps", "n");
    rig.load_package(messenger.package()).await;
    let messenger = id("messenger");
    rig.emit("n", json!("enabled")).await;
    rig.host.events_idle().await;
    let gate = rig.state.commits.gate();
    rig.emit("n", json!("at the handler")).await;
    rig.emit("n", json!("waiting")).await;
    gate.entered().await;
    rig.host.disable(&messenger).await.unwrap();
    rig.state.commits.set(Trouble::None);
    gate.open();
    rig.emit("n", json!("disabled")).await;
    rig.host.events_idle().await;
    assert!(rig.host.event_statistics().is_empty());
    rig.host.enable(&messenger).await.unwrap();
    rig.emit("n", json!("enabled again")).await;
    rig.host.events_idle().await;
    let heard = json!(["enabled", "at the handler", "enabled again"]);
    assert_eq!(rig.kept("messenger", "kept/keeps"), Some(heard.clone()));
    rig.host.unload(&messenger).await.unwrap();
    rig.emit("n", json!("unloaded")).await;
    rig.host.events_idle().await;
    assert_eq!(rig.kept("messenger", "kept/keeps"), Some(heard));
    assert!(rig.host.event_statistics().is_empty());
}

/// Proves E9, X7: a handler whose plugin was disabled and enabled while it ran hears what comes from then on once, and after that call has ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_begins_again_does_not_run_twice_at_once() {
    let rig = Rig::default();
    let package = Messenger::new("messenger").hears("keeps", "n");
    rig.load_package(package.package()).await;
    let messenger = id("messenger");
    let gate = rig.state.commits.gate();
    rig.emit("n", json!("before")).await;
    gate.entered().await;
    // Once more, so that the one which begins last has another between itself and the call.
    for _ in 0..2 {
        rig.host.disable(&messenger).await.unwrap();
        rig.host.enable(&messenger).await.unwrap();
    }
    rig.emit("n", json!("after")).await;
    let second = tokio::time::timeout(Duration::from_millis(300), gate.entered()).await;
    assert!(second.is_err(), "two calls of the handler at once");
    rig.state.commits.set(Trouble::None);
    gate.open();
    rig.host.events_idle().await;
    let heard = json!(["before", "after"]);
    assert_eq!(rig.kept("messenger", "kept/keeps"), Some(heard));
    assert_eq!(rig.counts("messenger", "keeps"), [1, 0, 0, 0]);
}

/// Proves E9, X5: however many handlers a plugin has, so many of them run at once, and other plugins are called meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn the_handlers_of_a_plugin_leave_room_for_others() {
    let rig = Rig::new(limits(|limits| limits.wall_ms = 60_000));
    let names: Vec<_> = (0..40).map(|number| format!("counts-{number}")).collect();
    let many = names.iter().fold(Messenger::new("many"), |many, name| {
        many.hears(name, "work")
    });
    rig.load_package(many.package()).await;
    let other = rig.load("noop").await;
    let gate = rig.state.commits.gate();
    rig.emit("work", json!(1)).await;
    for _ in 0..EventPolicy::default().handlers {
        gate.entered().await;
    }
    let receipt = rig.ask(&other, "noop", json!({})).await;
    assert_eq!(receipt.reply, Some(true), "{receipt}");
    let one_more = tokio::time::timeout(Duration::from_millis(300), gate.entered()).await;
    assert!(one_more.is_err(), "more handlers than may run at once");
    rig.state.commits.set(Trouble::None);
    for _ in 0..EventPolicy::default().handlers {
        gate.open();
    }
    rig.host.events_idle().await;
    for name in names {
        assert_eq!(rig.counts("many", &name), [1, 0, 0, 0]);
    }
}

/// Proves E9, O6: a plugin that the guard takes out for what it does with events hears no more.
#[tokio::test(flavor = "multi_thread")]
async fn the_guard_takes_out_who_fails_at_events() {
    let mut guard = GuardPolicy::default();
    guard.failures = 3;
    let rig = Rig::new(limits(|_| {}).guard(guard));
    let messenger = Messenger::new("messenger").hears_up_to("traps", "n", 100);
    rig.load_package(messenger.package()).await;
    for number in 0..20 {
        rig.emit("n", json!(number)).await;
    }
    rig.host.events_idle().await;
    let receipts = rig.receipts.all();
    let trapped = receipts.iter().filter(|one| one.extension == "events");
    assert_eq!(trapped.count(), 3);
}

/// Worlds other than `alpha` use no plugin.
struct AlphaOnly;

impl EnabledSource for AlphaOnly {
    fn enabled(&self, world: &str) -> EnabledPlugins {
        match world {
            "alpha" => EnabledPlugins::All,
            "broken" => panic!("the source panics on purpose"),
            _ => EnabledPlugins::Only(BTreeSet::new()),
        }
    }
}

/// Proves E9, E17: a handler is not called for a world that does not use its plugin, nor where nobody can say whether it does.
#[tokio::test(flavor = "multi_thread")]
async fn a_world_that_does_not_use_the_plugin_is_passed_over() {
    let rig = Rig::with(limits(|_| {}), |builder| {
        builder
            .compile_cache(shared_cache())
            .enabled(Arc::new(AlphaOnly))
    });
    let messenger = Messenger::new("messenger").hears("counts", "n");
    rig.load_package(messenger.package()).await;
    for world in ["alpha", "beta", "", "broken", "alpha"] {
        let about = Subject::world(world);
        let subject = "n".parse().unwrap();
        let emitted = rig.host.emit(subject, &Value::Null, &about, "test").await;
        emitted.unwrap();
    }
    rig.host.events_idle().await;
    assert_eq!(rig.counts("messenger", "counts"), [2, 1, 2, 0]);
    assert_eq!(rig.receipts.len(), 2, "the others were not called");
}

/// A host over this bus.
fn host_over(bus: Arc<dyn Bus>) -> Host {
    let builder = Host::builder().compile_in_process().policy(limits(|_| {}));
    let state = Arc::new(MemoryState::two_worlds());
    let builder = builder.compile_cache(shared_cache()).state(state).bus(bus);
    builder.build().unwrap()
}

/// Loads the guest as this plugin, which counts the events of this subject.
async fn load(host: &Host, plugin: &str, subject: &str) {
    let package = Messenger::new(plugin).hears("counts", subject).package();
    host.load(package, &Consent::Everything).await.unwrap();
}

async fn emit(host: &Host, subject: &str) {
    let (subject, about) = (subject.parse().unwrap(), Subject::none());
    let emitted = host.emit(subject, &Value::Null, &about, "test").await;
    emitted.unwrap();
    host.events_idle().await;
}

/// Proves E9: nothing of a host is left behind by its handlers when it is dropped.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_host_ends_its_tasks() {
    let bus = Arc::new(LocalBus::new());
    let alive: Weak<LocalBus> = Arc::downgrade(&bus);
    let host = host_over(bus);
    load(&host, "messenger", "n").await;
    emit(&host, "n").await;
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    assert!(tasks() > 0 && alive.upgrade().is_some());
    drop(host);
    for _ in 0..1_000 {
        if alive.upgrade().is_none() && tasks() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!(
        "{} tasks are left, and {} of the bus",
        tasks(),
        alive.strong_count()
    );
}

/// Proves E9: a host is built without a runtime; when the runtime is gone in which its handlers began, they begin again with the next change.
#[test]
fn handlers_begin_again_in_another_runtime() {
    let host = host_over(Arc::new(LocalBus::new()));
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    runtime().block_on(load(&host, "messenger", "n"));
    runtime().block_on(async {
        load(&host, "another", "m").await;
        emit(&host, "n").await;
    });
    let handled: Vec<_> = host
        .event_statistics()
        .iter()
        .map(|one| one.handled)
        .collect();
    assert_eq!(handled, [0, 1]);
}
