//! Plugins are made ready at start-up, on first use or on the first match, fall asleep when nobody calls them, and come back.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "activation/matches.rs"]
mod matches;
#[path = "activation/meanwhile.rs"]
mod meanwhile;
#[path = "activation/nursery.rs"]
mod nursery;
#[path = "activation/others.rs"]
mod others;
#[path = "activation/sleep.rs"]
mod sleep;
#[path = "activation/trouble.rs"]
mod trouble;
#[path = "activation/wakers.rs"]
mod wakers;

use futures_util::future::join_all;
use portcullis::engine::{CacheKey, CompileCache};
use portcullis::event::EventKind::{Awake, Enabled, Loaded};
use portcullis::extension::Skip;
use portcullis::host::{LoadError, PluginState, WakeError};
use portcullis::{Blame, Outcome};
use portcullis_tests::{Rig, limits, plugin};
use serde_json::json;

use nursery::{FIRST_USE, Nursery, guest, id, orderly, sleeper};

/// Proves M8: a plugin for start-up is awake once it is loaded; one for its first use is registered from its manifest, and neither compiled nor
/// started until then.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_sleeper_runs_before_it_is_used() {
    let nursery = Nursery::new(limits(|_| {}));
    nursery
        .rig
        .load_package(sleeper("orderly", "start-up"))
        .await;
    assert_eq!(nursery.state("orderly"), PluginState::Enabled);
    assert_eq!(nursery.events.of("orderly"), [Loaded, Enabled]);
    assert_eq!(nursery.entries("orderly"), 5);

    let nursery = Nursery::new(limits(|_| {}));
    nursery
        .rig
        .load_package(sleeper("orderly", "first-use"))
        .await;
    assert_eq!(nursery.state("orderly"), PluginState::Asleep);
    assert_eq!(nursery.events.of("orderly"), [Loaded]);
    assert!(nursery.steps("orderly").is_empty());
    assert_eq!(
        nursery.entries("orderly"),
        9,
        "all that its manifest contributes"
    );
    assert_eq!(nursery.rig.host.health().len(), 1);

    let first = nursery
        .rig
        .evaluate("plugin:orderly:first-condition", json!({}));
    assert!(first.await.holds);
    assert_eq!(nursery.state("orderly"), PluginState::Enabled);
    assert_eq!(nursery.events.of("orderly"), [Loaded, Awake]);
    assert_eq!(nursery.steps("orderly"), ["load", "enable"]);
    assert_eq!(
        nursery.entries("orderly"),
        5,
        "what its `load` has registered"
    );
}

/// Proves M8: nothing is compiled before the first use.
#[tokio::test(flavor = "multi_thread")]
async fn a_sleeper_is_not_compiled() {
    let directory = tempfile::tempdir().unwrap();
    let compiled = || std::fs::read_dir(directory.path()).unwrap().count();
    let rig = Rig::with(limits(|limits| limits.wall_ms = 60_000), |builder| {
        let cache = CompileCache::open(directory.path(), CacheKey::new([1; 32]));
        builder.compile_cache(cache.unwrap())
    });
    let noop = rig.load_package(sleeper("noop", "first-use")).await;
    assert_eq!(compiled(), 0);
    assert_eq!(rig.ask(&noop, "noop", json!({})).await.reply, Some(true));
    assert_eq!(compiled(), 1);
}

/// Proves M8: a condition, an effect, a question to all providers and a direct call each wake a plugin, and so does the host by its name.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_called_wakes() {
    for way in ["condition", "effect", "settings", "handle", "host", "wake"] {
        let nursery = Nursery::new(limits(|_| {}));
        let rig = &nursery.rig;
        let handle = rig.load_package(sleeper("orderly", "first-use")).await;
        let subject = portcullis_tests::rig::ada();
        let scene = portcullis::Scene {
            subject: &subject,
            enabled: &portcullis::EnabledPlugins::All,
        };
        match way {
            "condition" => {
                let asked = rig.evaluate("plugin:orderly:first-condition", json!({}));
                assert!(asked.await.holds);
            }
            "effect" => {
                let applied = rig.apply("effect:plugin:orderly:first-effect", json!({}));
                let receipt = applied.await.dispatched.unwrap();
                assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
            }
            "settings" => {
                let settings = rig.host.simulation(scene).await;
                assert!(settings.values.contains_key("orderly"), "{settings:?}");
            }
            "handle" => {
                let asked = rig.ask(&handle, "first-condition", json!({})).await;
                assert_eq!(asked.reply, Some(true), "{asked}");
            }
            "host" => assert_eq!(nursery.ask("orderly").await.reply, Some(true)),
            _ => rig.host.wake(&id("orderly")).await.unwrap(),
        }
        assert_eq!(nursery.state("orderly"), PluginState::Enabled, "{way}");
        assert_eq!(nursery.woken("orderly"), 1, "{way}");
    }
}

/// Proves M8: who is not a match does not wake a plugin that waits for one.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_match_is_not_woken_by_others() {
    let nursery = Nursery::new(limits(|_| {}));
    let handle = nursery
        .rig
        .load_package(sleeper("orderly", "first-match"))
        .await;
    let by_name = nursery
        .rig
        .evaluate("plugin:orderly:first-condition", json!({}));
    let by_name = by_name.await.dispatched.unwrap();
    let by_handle = nursery.rig.ask(&handle, "first-condition", json!({})).await;
    for receipt in [by_name, by_handle, nursery.ask("orderly").await] {
        assert_eq!(receipt.outcome, Outcome::NotRun, "{receipt}");
        assert_eq!(receipt.blame, Some(Blame::Host));
        let message = receipt.message.as_deref().unwrap();
        assert!(
            message.contains("asleep") && message.contains("an event"),
            "{message}"
        );
    }
    assert_eq!(nursery.state("orderly"), PluginState::Asleep);
    assert!(nursery.steps("orderly").is_empty());
    // An operator may.
    nursery.rig.host.wake(&id("orderly")).await.unwrap();
    assert_eq!(nursery.ask("orderly").await.reply, Some(true));
}

/// Proves M8: a manifest that waits for a match that cannot come is warned of.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_match_that_cannot_come_is_told() {
    let rig = Rig::default();
    let everything = portcullis::Consent::Everything;
    let told = rig
        .host
        .explain(&sleeper("orderly", "first-match"), &everything);
    let codes: Vec<_> = told.problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["never-woken"]);
    assert!(told.is_granted());
    let told = rig
        .host
        .explain(&sleeper("orderly", "first-use"), &everything);
    assert!(told.problems.is_empty(), "{:?}", told.problems);
}

/// Proves M8: many callers at once wake a plugin once, and all of them are served.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_at_once_wake_it_once() {
    let nursery = Nursery::new(limits(|limits| limits.wall_ms = 60_000));
    nursery
        .rig
        .load_package(sleeper("orderly", "first-use"))
        .await;
    nursery.settings.hold();
    let before = nursery.settings.asked();
    let callers: Vec<_> = (0..32)
        .map(|_| {
            let nursery = nursery.clone();
            tokio::spawn(async move { nursery.ask("orderly").await })
        })
        .collect();
    nursery.asked(before + 1).await;
    assert_eq!(nursery.state("orderly"), PluginState::Asleep);
    nursery.settings.let_go();
    for receipt in join_all(callers).await {
        let receipt = receipt.unwrap();
        assert_eq!(receipt.reply, Some(true), "{receipt}");
    }
    assert_eq!(nursery.settings.asked(), before + 1);
    assert_eq!(nursery.woken("orderly"), 1);
    assert_eq!(nursery.steps("orderly"), ["load", "enable"]);
}

/// Proves M8, E6: what `load` does not register is not called, also by who found it while the plugin was asleep.
#[tokio::test(flavor = "multi_thread")]
async fn what_load_leaves_out_is_not_called() {
    let nursery = Nursery::new(limits(|_| {}));
    nursery
        .rig
        .load_package(sleeper("orderly", "first-use"))
        .await;
    let second = || {
        nursery
            .rig
            .evaluate("plugin:orderly:second-condition", json!({}))
    };
    let receipt = second().await.dispatched.unwrap();
    assert_eq!(receipt.outcome, Outcome::NotRun, "{receipt}");
    let message = receipt.message.as_deref().unwrap();
    assert!(
        message.contains("did not register `second-condition`"),
        "{message}"
    );
    assert_eq!(second().await.dispatched.unwrap_err(), Skip::Unknown);
    assert_eq!(nursery.ask("orderly").await.reply, Some(true));
}

/// Proves M8: what can be decided without compiling is decided when the plugin is loaded: grant, dependencies, settings, contributions.
#[tokio::test(flavor = "multi_thread")]
async fn a_sleeper_is_refused_as_any_other() {
    let rig = Rig::default();
    let refused = async |more: &str| rig.try_load(guest("orderly", more)).await.unwrap_err();
    let asks = "[permissions.\"db:read\"]\nreason = \"x\"\n";
    let error = refused(&format!("{asks}{FIRST_USE}")).await;
    assert!(matches!(error, LoadError::Grant(_)), "{error}");
    let error = refused(&format!("[dependencies]\nother-one = \"*\"\n{FIRST_USE}")).await;
    assert!(matches!(error, LoadError::Dependency(_)), "{error}");
    let config = "[config]\nrequired = [\"tone\"]\n[config.properties.tone]\ntype = \"string\"\n";
    let error = refused(&format!("{FIRST_USE}{config}")).await;
    assert!(matches!(error, LoadError::Configuration { .. }), "{error}");
    let nobody = rig.host.wake(&id("orderly")).await;
    assert!(matches!(nobody, Err(WakeError::NotLoaded(_))), "{nobody:?}");
}

/// Proves M8, M5: what a plugin needs is awake before it is, whoever wakes it, and also where the plugin itself is for start-up.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_needs_is_woken_first() {
    for on in ["first-use", "start-up"] {
        let nursery = Nursery::new(limits(|_| {}));
        let needs = |id: &str| format!("[dependencies]\n{id} = \"*\"\n");
        let middle = format!("{}{FIRST_USE}", needs("ground"));
        let top = format!("{}[activation]\non = \"{on}\"\n", needs("middle"));
        for package in [
            orderly("ground", "1.0.0", "[activation]\non = \"first-match\"\n"),
            orderly("middle", "1.0.0", &middle),
            orderly("tower", "1.0.0", &top),
        ] {
            nursery.rig.load_package(package).await;
        }
        assert_eq!(nursery.ask("tower").await.reply, Some(true));
        let receipts = nursery.rig.receipts.all().into_iter();
        let steps: Vec<_> = receipts
            .filter(|record| record.extension == "lifecycle")
            .map(|record| format!("{} {}", record.plugin.plugin, record.operation))
            .collect();
        let in_order =
            ["ground", "middle", "tower"].map(|id| [format!("{id} load"), format!("{id} enable")]);
        assert_eq!(steps, in_order.concat(), "{on}");
    }
}

/// Proves M5: plugins that come to need each other by a reload are refused: none of them could be woken first.
#[tokio::test(flavor = "multi_thread")]
async fn a_circle_by_reload_is_refused() {
    let nursery = Nursery::new(limits(|_| {}));
    nursery
        .rig
        .load_package(orderly("ground", "1.0.0", FIRST_USE))
        .await;
    let needs = format!("[dependencies]\nground = \"*\"\n{FIRST_USE}");
    nursery
        .rig
        .load_package(orderly("tower", "1.0.0", &needs))
        .await;
    let circle = format!("[dependencies]\ntower = \"*\"\n{FIRST_USE}");
    let refused = nursery
        .rig
        .try_load(orderly("ground", "2.0.0", &circle))
        .await;
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("`ground` -> `tower`"), "{error}");
    assert_eq!(nursery.ask("tower").await.reply, Some(true));
}

/// Proves M8: `gossip`, an example, is for its first use.
#[tokio::test(flavor = "multi_thread")]
async fn an_example_sleeps() {
    let rig = Rig::new(limits(|_| {}).switch_on("secret:read"));
    rig.load_package(plugin("gossip")).await;
    let status = rig.host.plugins();
    assert_eq!(status.first().unwrap().state, PluginState::Asleep);
    let known = rig
        .evaluate("plugin:gossip:knows-watchword", json!({}))
        .await;
    assert_eq!(known.dispatched.unwrap().outcome, Outcome::Returned);
}
