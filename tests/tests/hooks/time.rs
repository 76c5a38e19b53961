//! How long handlers have. What is asserted is the order of things; the machine may be busy.

use std::time::Duration;

use portcullis::Outcome;
use portcullis::guard::GuardPolicy;
use portcullis::hook_point::HookPolicy;
use portcullis::receipt::{ChainStep, StepDecision};
use portcullis_tests::{Rig, Trouble, chain, limits, work_item};

fn ended(step: &ChainStep) -> (Outcome, Duration) {
    let call = step.call.as_ref().unwrap();
    (call.outcome, call.duration)
}

fn has_no_time(step: &ChainStep) -> bool {
    step.call.is_none()
        && matches!(&step.decision, StepDecision::Failed { why, .. } if why.contains("time was used up"))
}

/// Proves E8: six handlers that never return have 1,500 ms each and 8,000 ms together, as the defaults are; the seventh is not asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_has_eight_seconds() {
    let rig = Rig::new(limits(|_| {}).hooks(HookPolicy::default()));
    let at = |number: i32| format!("loops-{number}");
    let names: Vec<_> = (1..=7).map(at).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    rig.load_package(chain("slow", &names)).await;
    let hooked = rig.hook(work_item()).await;
    assert_eq!(hooked.blocked(), None);
    let steps = &hooked.chain.steps;
    assert_eq!(steps.len(), 7);
    for step in &steps[..4] {
        let (outcome, took) = ended(step);
        assert_eq!(outcome, Outcome::TimedOut, "{step}");
        assert!(took >= Duration::from_millis(1_500), "{step}");
    }
    if let Some(call) = &steps[5].call {
        assert!(call.duration < Duration::from_millis(1_500), "{call}");
    }
    assert!(has_no_time(&steps[6]), "{}", steps[6]);
    let took = hooked.chain.duration;
    assert!(took >= Duration::from_secs(8), "{took:?}");
    assert!(took < Duration::from_secs(12), "{took:?}");
}

/// Proves E8: the shorter of the policy's and the handler's own time holds, and whoever comes behind has its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_handler_may_ask_for_less_time_and_not_for_more() {
    let rig = Rig::new(limits(|_| {}).hooks(HookPolicy::default().handler_ms(2_000)));
    let handlers = [
        "loops-1 timeout_ms=50",
        "loops-2 timeout_ms=60_000",
        "label-after",
    ];
    rig.load_package(chain("slow", &handlers)).await;
    let hooked = rig.hook(work_item()).await;
    let steps = &hooked.chain.steps;
    let ((first, short), (second, long)) = (ended(&steps[0]), ended(&steps[1]));
    assert_eq!((first, second), (Outcome::TimedOut, Outcome::TimedOut));
    assert!(
        short >= Duration::from_millis(50) && short < long,
        "{short:?}, {long:?}"
    );
    assert!(
        long >= Duration::from_secs(2) && long < Duration::from_secs(20),
        "{long:?}"
    );
    assert_eq!(hooked.data.labels, ["after"]);
}

/// Proves E8: the time of a handler stands in place of the limit of other calls.
#[tokio::test(flavor = "multi_thread")]
async fn a_handler_has_more_time_than_other_calls() {
    let policy = limits(|limits| limits.wall_ms = 50);
    let rig = Rig::new(policy.hooks(HookPolicy::default().handler_ms(20_000)));
    rig.load_package(chain("reader", &["reads fail=\"closed\""]))
        .await;
    rig.state
        .reads
        .set(Trouble::Delay(Duration::from_millis(400)));
    let hooked = rig.hook(work_item()).await;
    assert_eq!(hooked.blocked(), None, "{}", hooked.chain);
}

/// Proves E8: a handler that there is no time left for has failed, so one that fails closed blocks.
#[tokio::test(flavor = "multi_thread")]
async fn without_time_a_handler_has_failed() {
    let policy = HookPolicy::default().handler_ms(10_000).chain_ms(300);
    let rig = Rig::new(limits(|_| {}).hooks(policy));
    let handlers = [
        "loops-1",
        "loops-2",
        "label-a",
        "label-b fail=\"closed\"",
        "label-c",
    ];
    rig.load_package(chain("slow", &handlers)).await;
    let hooked = rig.hook(work_item()).await;
    let steps = &hooked.chain.steps;
    assert_eq!(ended(&steps[0]).0, Outcome::TimedOut);
    assert!(steps[2..].iter().all(has_no_time), "{}", hooked.chain);
    let block = hooked.blocked().unwrap();
    assert_eq!(
        (&*block.by, block.failed),
        ("hook:plugin:slow:label-b", true)
    );
    assert_eq!(steps.len(), 4);
    assert!(hooked.data.labels.is_empty());
}

fn errors(rig: &Rig, plugin: &str) -> u64 {
    let health = rig.host.health().into_iter();
    let mut own = health.filter(|health| health.plugin.as_str() == plugin);
    own.next().unwrap().errors
}

/// Proves E8, O6, O2: a handler that had less than its time, because those before it used up the chain's, is not blamed for what it did not end.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_cut_short_is_not_blamed() {
    let hooks = HookPolicy::default().handler_ms(400).chain_ms(1_000);
    let mut guard = GuardPolicy::default();
    guard.failures = 1;
    let rig = Rig::new(limits(|_| {}).hooks(hooks).guard(guard));
    rig.load_package(chain("second", &["loops"])).await;
    rig.load_package(chain("first", &["loops-1 priority=1"]))
        .await;
    rig.load_package(chain("other", &["loops-2 priority=1"]))
        .await;
    let hooked = rig.hook(work_item()).await;
    let cut = hooked.chain.steps.last().unwrap();
    assert_eq!(&*cut.handler, "hook:plugin:second:loops");
    assert_eq!(ended(cut).0, Outcome::TimedOut, "{}", hooked.chain);
    let counted = ["first", "other", "second"].map(|plugin| errors(&rig, plugin));
    assert_eq!(counted, [1, 1, 0]);
    // Those that had their time are disabled; with them gone it has its own, and fails at that.
    let hooked = rig.hook(work_item()).await;
    assert_eq!(hooked.chain.steps.len(), 3);
    assert!(
        hooked.chain.steps[..2]
            .iter()
            .all(|step| step.call.is_none())
    );
    assert_eq!(errors(&rig, "second"), 1);
}

/// Proves E8: as long as others wait a plugin has half of the chain's time, however many handlers it has.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_does_not_use_up_the_time_of_others() {
    let hooks = HookPolicy::default().handler_ms(1_000).chain_ms(3_000);
    let rig = Rig::new(limits(|_| {}).hooks(hooks));
    let greedy = ["loops-1", "loops-2", "loops-3", "loops-4"];
    let greedy = greedy.map(|one| format!("{one} priority=1"));
    rig.load_package(chain("greedy", &greedy.each_ref().map(|one| &**one)))
        .await;
    rig.load_package(chain("mild", &["label-after"])).await;
    let hooked = rig.hook(work_item()).await;
    let steps = &hooked.chain.steps;
    assert_eq!(ended(&steps[0]).0, Outcome::TimedOut);
    let (outcome, took) = ended(&steps[1]);
    assert_eq!(outcome, Outcome::TimedOut);
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(steps[2..4].iter().all(has_no_time), "{}", hooked.chain);
    assert_eq!(hooked.data.labels, ["after"]);
    assert_eq!(errors(&rig, "greedy"), 1, "the second was cut short");
}
