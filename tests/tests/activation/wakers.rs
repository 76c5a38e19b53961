//! Hooks and events that wake: those of a host, not calls that only say that they match.

use portcullis::event::EventKind::{Awake, Loaded};
use portcullis::host::PluginState;
use portcullis::receipt::StepDecision;
use portcullis::{EnabledPlugins, Package, Scene};
use portcullis_tests::chain::{asked, chain_manifest, decisions, work_item};
use portcullis_tests::{component, embed, limits, rig};
use serde_json::json;

use super::nursery::{Nursery, sleeper};
use super::sleep::drowsy;

/// The guest `chain` with these handlers, for its first match.
fn sleeping_chain(handlers: &[&str]) -> Package {
    let manifest = chain_manifest("0.1.0", "chain", handlers);
    let manifest = format!("{manifest}[activation]\non = \"first-match\"\n");
    embed(&component("chain"), &manifest)
}

/// Proves M8, E8: a hook wakes a plugin that waits for its first match, and its handler decides.
#[tokio::test(flavor = "multi_thread")]
async fn a_hook_wakes() {
    let nursery = Nursery::new(limits(|_| {}));
    let package = sleeping_chain(&["label-woken"]);
    nursery.rig.load_package(package).await;
    assert_eq!(nursery.events.of("chain"), [Loaded]);
    let subject = rig::ada();
    let scene = Scene {
        subject: &subject,
        enabled: &EnabledPlugins::All,
    };
    let hooked = nursery.rig.host.hook(scene, work_item()).await;
    assert_eq!(hooked.data.labels, ["woken"], "{}", hooked.chain);
    assert_eq!(nursery.events.of("chain"), [Loaded, Awake]);
    assert_eq!(nursery.state("chain"), PluginState::Enabled);
}

/// Proves M8, E8: a handler that fails closed blocks where its plugin cannot be woken, also when it has slept; one that fails open is skipped.
#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_woken_blocks_if_it_fails_closed() {
    for (handler, blocks) in [
        ("proceeds fail=\"closed\"", true),
        ("proceeds fail=\"open\"", false),
    ] {
        let nursery = Nursery::new(limits(|_| {}));
        nursery.rig.load_package(sleeping_chain(&[handler])).await;
        nursery.settings.fail("chain", true);
        let subject = rig::ada();
        let scene = Scene {
            subject: &subject,
            enabled: &EnabledPlugins::All,
        };
        for _ in 0..2 {
            let hooked = nursery.rig.host.hook(scene, work_item()).await;
            assert_eq!(hooked.blocked().is_some(), blocks, "{}", hooked.chain);
            assert_eq!(asked(&hooked.chain), ["chain:proceeds"]);
            assert!(
                matches!(*decisions(&hooked.chain), [StepDecision::Failed { .. }]),
                "{}",
                hooked.chain
            );
        }
        assert_eq!(nursery.state("chain"), PluginState::Asleep);
        nursery.settings.fail("chain", false);
        nursery.clock.pass(5_000);
        let hooked = nursery.rig.host.hook(scene, work_item()).await;
        assert!(hooked.blocked().is_none(), "{}", hooked.chain);
        assert_eq!(nursery.state("chain"), PluginState::Enabled);
    }
}

/// Proves M8, E9: an event wakes a plugin that waits for its first match, and again each time that it has fallen asleep; it hears each once.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_wakes() {
    let nursery = Nursery::new(drowsy());
    let messenger = sleeper("messenger", "first-match");
    nursery.rig.load_package(messenger).await;
    for times in 1..=3 {
        assert_eq!(nursery.state("messenger"), PluginState::Asleep);
        let subject = "plugin.messenger.counted.once";
        nursery.rig.emit(subject, json!(times)).await;
        nursery.rig.host.events_idle().await;
        assert_eq!(nursery.woken("messenger"), times);
        let heard = nursery.rig.counts("messenger", "counts");
        assert_eq!(heard, [times as u64, 0, 0, 0]);
        assert_eq!(
            nursery.rig.kept("messenger", "count/counts"),
            Some(json!(times))
        );
        nursery.sleep("messenger").await;
    }
    // What it does not hear does not wake it.
    nursery.rig.emit("plugin.messenger.other", json!(1)).await;
    nursery.rig.host.events_idle().await;
    assert_eq!(nursery.state("messenger"), PluginState::Asleep);
}
