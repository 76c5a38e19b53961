//! The chain of hook handlers: in which order they are asked, what they see, change and stop, and who is not asked.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "hooks/declared.rs"]
mod declared;
#[path = "hooks/faults.rs"]
mod faults;
#[path = "hooks/keepers.rs"]
mod keepers;
#[path = "hooks/replaced.rs"]
mod replaced;
#[path = "hooks/time.rs"]
mod time;
#[path = "hooks/timeline.rs"]
mod timeline;

use std::collections::BTreeSet;

use portcullis::extension::hooks::{ModelPreCall, ResponsePreDeliver, WorkItemPostCreate};
use portcullis::grant::Instances;
use portcullis::receipt::{ChainVerdict, Note, StepDecision};
use portcullis::{EnabledPlugins, Outcome};
use portcullis_tests::chain::{asked, decisions};
use portcullis_tests::{Rig, chain, limits, work_item};

fn changes(fields: &[&str]) -> StepDecision {
    StepDecision::Change {
        fields: fields.iter().map(ToString::to_string).collect(),
    }
}

fn posted() -> WorkItemPostCreate {
    WorkItemPostCreate {
        id: "w1".to_owned(),
        title: "Water the plants".to_owned(),
        description: String::new(),
        labels: Vec::new(),
        requester: None,
    }
}

/// Proves E8: the highest priority first, then the plugin's id, then the order of registration; when a plugin was loaded does not matter.
#[tokio::test(flavor = "multi_thread")]
async fn handlers_are_asked_in_order() {
    let rig = Rig::default();
    let late = [
        "label-1 priority=5",
        "label-2",
        "label-3 priority=9",
        "label-4",
    ];
    rig.load_package(chain("zeta", &late)).await;
    rig.load_package(chain(
        "alpha",
        &["label-5", "label-6 priority=-3", "label-7"],
    ))
    .await;
    rig.load_package(chain(
        "midst",
        &["label-8 priority=5", "label-9 priority=4"],
    ))
    .await;
    let hooked = rig.hook(work_item()).await;
    assert_eq!(
        hooked.data.labels,
        ["3", "8", "1", "9", "5", "7", "2", "4", "6"]
    );
    assert_eq!(
        asked(&hooked.chain),
        [
            "zeta:label-3",
            "midst:label-8",
            "zeta:label-1",
            "midst:label-9",
            "alpha:label-5",
            "alpha:label-7",
            "zeta:label-2",
            "zeta:label-4",
            "alpha:label-6",
        ]
    );
}

/// Proves E8: later handlers see what earlier ones changed, and so does the host; each leaves a receipt.
#[tokio::test(flavor = "multi_thread")]
async fn later_handlers_see_what_earlier_ones_changed() {
    let rig = Rig::default();
    let handlers = [
        "expects-a fail=\"closed\"",
        "label-b",
        "expects-b fail=\"closed\"",
    ];
    rig.load_package(chain("second", &handlers)).await;
    rig.load_package(chain("first", &["label-a"])).await;
    let hooked = rig.hook(work_item()).await;
    assert_eq!(hooked.blocked(), None, "{}", hooked.chain);
    assert_eq!(hooked.data.labels, ["a", "b"]);
    let (proceed, change) = (StepDecision::Proceed, changes(&["labels"]));
    assert_eq!(
        decisions(&hooked.chain),
        [&change, &proceed, &change, &proceed]
    );
    for step in &hooked.chain.steps {
        let call = step.call.as_ref().unwrap();
        assert_eq!(call.outcome, Outcome::Returned, "{call}");
        assert_eq!((&*call.extension, call.attempts), ("hooks", 1));
    }
}

/// Proves E7: a handler changes mutable fields only; the others are dropped and named, the good part of the change counts.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_changed_is_dropped_and_noted() {
    let rig = Rig::default();
    rig.load_package(chain("greedy", &["oversteps", "oversteps-often"]))
        .await;
    let hooked = rig.hook(work_item()).await;
    assert_eq!(hooked.data.title, "mine");
    assert_eq!(hooked.data.requester.as_deref(), Some("ada"));
    let steps = &hooked.chain.steps;
    assert_eq!(steps[0].decision, changes(&["title"]));
    let dropped = |fields: &[&str]| Note::DroppedFields {
        fields: fields.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(steps[0].notes, [dropped(&["intruder", "requester"])]);
    assert_eq!(steps[1].decision, changes(&[]));
    let Note::DroppedFields { fields } = &steps[1].notes[0] else {
        panic!("{:?}", steps[1].notes);
    };
    assert_eq!(fields.len(), 16);
    assert!(
        fields.iter().all(|field| !field.contains('\n')),
        "{fields:?}"
    );
}

/// Proves E7: a change with which the data would not be what the point says is dropped as a whole, and later handlers see nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_the_schema_is_dropped_and_noted() {
    let rig = Rig::default();
    let handlers = ["takes-the-title", "labels-are-text", "label-a"];
    rig.load_package(chain("careless", &handlers)).await;
    let hooked = rig.hook(work_item()).await;
    let mut expected = work_item();
    expected.labels.push("a".to_owned());
    assert_eq!(hooked.data, expected);
    for (step, place) in hooked.chain.steps.iter().zip(["title", "labels"]) {
        assert_eq!(step.decision, changes(&[]));
        let [Note::DroppedChange { why }] = &step.notes[..] else {
            panic!("{:?}", step.notes);
        };
        assert!(why.contains(place), "{why}");
    }
    assert_eq!(hooked.chain.steps[2].decision, changes(&["labels"]));
}

/// Proves E7: a number that the schema takes and the type does not is no change either.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_type_cannot_hold_is_dropped() {
    let rig = Rig::default();
    let at = "point=\"model.pre_call\"";
    let handlers = [format!("turns-huge {at}"), format!("turns-fractions {at}")];
    rig.load_package(chain("numbers", &handlers.each_ref().map(|one| &**one)))
        .await;
    let call = ModelPreCall {
        run: "r1".to_owned(),
        turn: 1,
        model: "small".to_owned(),
        max_tokens: 100,
        temperature: None,
        messages: Vec::new(),
        prompt_tokens: 12,
    };
    let hooked = rig.hook(call.clone()).await;
    assert_eq!(hooked.data, call);
    for step in &hooked.chain.steps {
        assert!(
            matches!(step.notes[..], [Note::DroppedChange { .. }]),
            "{step}"
        );
    }
}

/// Proves E8: a block ends the chain, with who and why; the reason is one line of at most 1,024 bytes.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_ends_the_chain() {
    let rig = Rig::default();
    let handlers = ["label-a priority=2", "blocks priority=1", "label-b"];
    rig.load_package(chain("strict", &handlers)).await;
    let hooked = rig.hook(work_item()).await;
    let block = hooked.blocked().unwrap();
    assert_eq!(&*block.by, "hook:plugin:strict:blocks");
    assert_eq!((block.reason.as_str(), block.failed), ("not today", false));
    assert_eq!(asked(&hooked.chain), ["strict:label-a", "strict:blocks"]);
    assert_eq!(hooked.data.labels, ["a"]);

    rig.load_package(chain("strict", &["blocks-at-length"]))
        .await;
    let hooked = rig.hook(work_item()).await;
    let reason = &hooked.blocked().unwrap().reason;
    assert!(!reason.contains('\n') && reason.len() < 2_500, "{reason}");
}

/// Proves E7: where the point cannot be blocked, a block is noted and the chain goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_is_ignored_where_nothing_can_be_blocked() {
    let rig = Rig::default();
    let at = "point=\"work_item.post_create\"";
    let handlers = [format!("blocks {at}"), format!("proceeds {at}")];
    rig.load_package(chain("strict", &handlers.each_ref().map(|one| &**one)))
        .await;
    let hooked = rig.hook(posted()).await;
    assert_eq!(hooked.chain.verdict, ChainVerdict::Proceed);
    let steps = &hooked.chain.steps;
    assert!(matches!(steps[0].decision, StepDecision::Block { .. }));
    assert_eq!(steps[0].notes, [Note::IgnoredBlock]);
    assert_eq!(steps[1].decision, StepDecision::Proceed);
    assert_eq!(hooked.data, posted());
}

/// Proves E17, E8: a world that does not use the plugin is asked nothing by it, also where it fails closed, and also while it is disabled.
#[tokio::test(flavor = "multi_thread")]
async fn a_world_that_does_not_use_the_plugin_is_not_its_business() {
    let rig = Rig::default();
    rig.load_package(chain("strict", &["fails fail=\"closed\""]))
        .await;
    rig.load_package(chain("mild", &["label-a"])).await;
    let only = |id: &str| EnabledPlugins::Only(BTreeSet::from([id.parse().unwrap()]));
    let hooked = rig.hook_in(&only("mild"), work_item()).await;
    assert_eq!(hooked.blocked(), None);
    assert_eq!(asked(&hooked.chain), ["mild:label-a"]);
    rig.host.disable(&"strict".parse().unwrap()).await.unwrap();
    assert_eq!(
        rig.hook_in(&only("mild"), work_item()).await.blocked(),
        None
    );
    assert!(
        rig.hook_in(&only("strict"), work_item())
            .await
            .blocked()
            .is_some()
    );
}

/// Proves E8: a point without handlers is a chain without steps.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_without_handlers_proceeds() {
    let rig = Rig::default();
    rig.load_package(chain("elsewhere", &["blocks"])).await;
    let hooked = rig.hook(posted()).await;
    assert_eq!(hooked.data, posted());
    assert!(hooked.chain.steps.is_empty() && hooked.chain.fault.is_none());
    assert_eq!(hooked.chain.verdict, ChainVerdict::Proceed);
}

/// Proves E8: what a handler changes elsewhere, for example in a session, is committed when it returns, as with any other call.
#[tokio::test(flavor = "multi_thread")]
async fn handlers_are_calls_like_others() {
    let rig = Rig::default();
    rig.load_package(chain("counter", &["counts"])).await;
    for calls in 1..=3 {
        assert_eq!(rig.hook(work_item()).await.blocked(), None);
        let flag = rig.state.flag("alpha", "s1", "counter", "calls");
        assert_eq!(flag, Some(calls.into()));
    }
}

/// Proves E8, X4: handlers run on warm instances where the policy says so: each chain on those of the chain before.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_runs_on_warm_instances() {
    let policy = limits(|_| {}).instances(Instances::Warm { max_idle: 1 });
    let rig = Rig::new(policy);
    rig.load("noop-hook").await;
    let response = || ResponsePreDeliver {
        run: "r1".to_owned(),
        work_item: "w1".to_owned(),
        text: "Done.".to_owned(),
    };
    for _ in 0..3 {
        let hooked = rig.hook(response()).await;
        assert_eq!(decisions(&hooked.chain), [&StepDecision::Proceed]);
        assert_eq!(hooked.data, response());
    }
}
