//! Plugins that come, go and are replaced while a chain goes on.

use portcullis::extension::hooks::{Hooked, WorkItemPreCreate};
use portcullis::receipt::StepDecision;
use portcullis::{Outcome, Package, PluginId};
use portcullis_tests::chain::{asked, chain_in};
use portcullis_tests::{Rig, Trouble, chain, work_item};

fn second() -> PluginId {
    "second".parse().unwrap()
}

/// Runs a chain of `first`, which is held while it reads, and `second`; `meanwhile` happens while it is held.
async fn held<F: Future<Output = ()>>(
    handlers: &[&str],
    meanwhile: impl FnOnce(Rig) -> F,
) -> Hooked<WorkItemPreCreate> {
    let rig = Rig::default();
    rig.load_package(chain("first", &["reads priority=1"]))
        .await;
    rig.load_package(chain_in("1.0.0", "second", handlers))
        .await;
    let gate = rig.state.reads.gate();
    let going = tokio::spawn({
        let rig = rig.clone();
        async move { rig.hook(work_item()).await }
    });
    gate.entered().await;
    meanwhile(rig.clone()).await;
    rig.state.reads.set(Trouble::None);
    gate.open();
    going.await.unwrap()
}

fn version(hooked: &Hooked<WorkItemPreCreate>, step: usize) -> String {
    let call = hooked.chain.steps[step].call.as_ref().unwrap();
    assert_eq!(call.outcome, Outcome::Returned, "{call}");
    call.plugin.version.to_string()
}

/// Proves E8, X7: a plugin that is replaced in mid-chain serves the rest of it in its new version, under what that says.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_serves_the_rest_of_the_chain() {
    let hooked = held(&["label-a", "fails"], |rig| async move {
        let new = [
            "label-new priority=9",
            "label-a priority=-5",
            "fails fail=\"closed\"",
        ];
        rig.load_package(chain_in("2.0.0", "second", &new)).await;
    });
    let hooked = hooked.await;
    // In the order in which the chain began, and without what the old version did not have.
    assert_eq!(
        asked(&hooked.chain),
        ["first:reads", "second:label-a", "second:fails"]
    );
    assert_eq!(version(&hooked, 1), "2.0.0");
    assert_eq!(hooked.data.labels, ["a"]);
    assert!(hooked.blocked().unwrap().failed);
}

/// Proves E8, X7: a handler that runs while its plugin is replaced ends on the old version; the next chain is the new one's.
#[tokio::test(flavor = "multi_thread")]
async fn a_handler_in_flight_ends_on_its_version() {
    let rig = Rig::default();
    let handlers = ["reads priority=1", "label-a"];
    rig.load_package(chain_in("1.0.0", "alone", &handlers))
        .await;
    let gate = rig.state.reads.gate();
    let going = tokio::spawn({
        let rig = rig.clone();
        async move { rig.hook(work_item()).await }
    });
    gate.entered().await;
    // Loading waits for the call in flight, and so for the gate.
    let loading = tokio::spawn({
        let rig = rig.clone();
        let new: Package = chain_in("2.0.0", "alone", &handlers);
        async move { rig.load_package(new).await }
    });
    let replaced = || {
        let registry = rig.host.registry();
        let entry = registry.find("hook:plugin:alone:label-a");
        entry.is_some_and(|entry| entry.plugin.identity().version.major == 2)
    };
    while !replaced() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    rig.state.reads.set(Trouble::None);
    gate.open();
    let hooked = going.await.unwrap();
    assert_eq!(
        (version(&hooked, 0), version(&hooked, 1)),
        ("1.0.0".into(), "2.0.0".into())
    );
    loading.await.unwrap();
    assert_eq!(version(&rig.hook(work_item()).await, 0), "2.0.0");
}

/// Proves E8: a handler that is gone is passed over without a failure, also one that fails closed: unloaded, without successor, or at another
/// point.
#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_is_gone_is_passed_over() {
    let handlers = ["label-a fail=\"closed\""];
    let unloaded = held(&handlers, |rig| async move {
        rig.host.unload(&second()).await.unwrap();
    });
    let without = held(&handlers, |rig| async move {
        rig.load_package(chain_in("2.0.0", "second", &["label-b"]))
            .await;
    });
    let elsewhere = held(&handlers, |rig| async move {
        let moved = "label-a point=\"work_item.post_create\"";
        rig.load_package(chain_in("2.0.0", "second", &[moved]))
            .await;
    });
    for hooked in [unloaded.await, without.await, elsewhere.await] {
        assert_eq!(hooked.blocked(), None, "{}", hooked.chain);
        assert_eq!(hooked.chain.steps[1].decision, StepDecision::Gone);
        assert!(hooked.data.labels.is_empty());
    }
}

/// Proves E8: a plugin that is disabled in mid-chain has failed.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_disabled_meanwhile_has_failed() {
    let hooked = held(&["label-a fail=\"closed\""], |rig| async move {
        rig.host.disable(&second()).await.unwrap();
    });
    let hooked = hooked.await;
    assert_eq!(hooked.blocked().unwrap().reason, "the plugin is disabled");
}

/// Proves E8, X5: a chain that nobody waits for any more leaves a receipt that says so; nobody else is asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_dropped_leaves_a_receipt() {
    let rig = Rig::default();
    rig.load_package(chain(
        "first",
        &["label-a priority=2", "reads priority=1", "label-b"],
    ))
    .await;
    let gate = rig.state.reads.gate();
    let going = tokio::spawn({
        let rig = rig.clone();
        async move { rig.hook(work_item()).await }
    });
    gate.entered().await;
    going.abort();
    assert!(going.await.unwrap_err().is_cancelled());
    let receipts = rig.receipts(2).await;
    assert_eq!(receipts[1].outcome, Outcome::Cancelled);
    let [chain] = &rig.receipts.chains()[..] else {
        panic!("{:?}", rig.receipts.chains());
    };
    assert_eq!(asked(chain), ["first:label-a"]);
    assert!(
        chain.fault.as_ref().unwrap().contains("went away"),
        "{chain}"
    );
}
