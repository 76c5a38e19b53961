//! Hooks and events wake plugins, and what waking takes is not taken from the time of the plugins.

use std::time::Duration;

use portcullis::extension::hooks::ResponsePreDeliver;
use portcullis::hook_point::HookPolicy;
use portcullis::receipt::StepDecision;
use portcullis_tests::chain::decisions;
use portcullis_tests::{Messenger, limits};
use serde_json::Value;

use super::nursery::{Nursery, sleeper};

/// Lets plugins be woken after longer than they have.
fn wake_late(nursery: &Nursery) -> impl Future<Output = ()> {
    let before = nursery.settings.asked();
    nursery.settings.hold();
    async move {
        nursery.asked(before + 1).await;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        nursery.settings.let_go();
    }
}

/// Proves M8, E8: a hook wakes a plugin; that takes of the chain's time, and the handler has its own afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_handler_has_its_time_once_it_is_awake() {
    let hooks = HookPolicy::default().handler_ms(1_000).chain_ms(30_000);
    let nursery = Nursery::new(limits(|_| {}).hooks(hooks));
    nursery
        .rig
        .load_package(sleeper("noop-hook", "first-match"))
        .await;
    let response = ResponsePreDeliver {
        run: "r1".to_owned(),
        work_item: "w1".to_owned(),
        text: "Done.".to_owned(),
    };
    let (hooked, ()) = tokio::join!(nursery.rig.hook(response), wake_late(&nursery));
    assert_eq!(
        decisions(&hooked.chain),
        [&StepDecision::Proceed],
        "{}",
        hooked.chain
    );
    assert!(hooked.chain.duration >= Duration::from_millis(1_500));
}

/// Proves M8, E9: an event that wakes its handler is not lost because waking takes longer than a call may.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_event_is_not_lost() {
    let nursery = Nursery::new(limits(|limits| limits.wall_ms = 1_000));
    let counter = Messenger::new("counter").hears("counts", "a");
    nursery
        .rig
        .load_package(counter.asleep("first-match"))
        .await;
    let heard = async {
        nursery.rig.emit("a", Value::Null).await;
        nursery.rig.host.events_idle().await;
    };
    tokio::join!(heard, wake_late(&nursery));
    assert_eq!(nursery.rig.counts("counter", "counts"), [1, 0, 0, 0]);
}
