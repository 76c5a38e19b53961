//! What a timeline keeps and shows.

use std::sync::Arc;

use portcullis::Observer;
use portcullis::observe::{Timeline, What};
use portcullis::receipt::Denial;
use portcullis_tests::rig::shared_cache;
use portcullis_tests::{Rig, chain, limits, work_item};
use serde_json::json;

async fn watched(timeline: &Arc<Timeline>) -> Rig {
    let rig = Rig::with(limits(|_| {}), |builder| {
        let builder = builder.compile_cache(shared_cache());
        builder.observer(timeline.clone())
    });
    rig.load_package(chain("first", &["label-a", "fails"]))
        .await;
    rig
}

/// Proves O1, E8: calls and chains in the order in which they began, the calls of a chain within it.
#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_shows_what_happened() {
    let timeline = Arc::new(Timeline::default());
    let rig = watched(&timeline).await;
    timeline.note("the host begins");
    let hooked = rig.hook(work_item()).await;
    assert_eq!(hooked.blocked(), None);
    rig.host.disable(&"first".parse().unwrap()).await.unwrap();
    assert_eq!(rig.hook(work_item()).await.blocked(), None);
    let noop = rig.load("noop").await;
    let receipt = rig.ask(&noop, "noop", json!({})).await;
    assert_eq!(receipt.reply, Some(true));

    let shown = timeline.to_string();
    let lines: Vec<_> = shown.lines().collect();
    let expected = [
        ("", "the host begins"),
        (
            "+",
            "work_item.pre_create [world=alpha session=s1 npc=ada] proceeds",
        ),
        ("+", "  hook:plugin:first:label-a changes labels"),
        (
            "+",
            "  hook:plugin:first:fails fails open: guest-error (the handler fails on purpose)",
        ),
        (
            "+",
            "work_item.pre_create [world=alpha session=s1 npc=ada] proceeds",
        ),
        (
            "",
            "  hook:plugin:first:label-a fails open: the plugin is disabled",
        ),
        (
            "",
            "  hook:plugin:first:fails fails open: the plugin is disabled",
        ),
        (
            "+",
            "conditions/noop of noop [world=alpha session=s1 npc=ada] returned",
        ),
    ];
    assert_eq!(lines.len(), expected.len(), "{shown}");
    for (line, (length, what)) in lines.iter().zip(expected) {
        let (times, text) = line.split_at(26);
        assert_eq!(text, what, "{shown}");
        assert_eq!(times.contains('+'), length == "+", "{shown}");
    }
    let moments = timeline.moments();
    let chains = moments
        .iter()
        .filter(|one| matches!(one.what, What::Chain(_)));
    let (first, calls) = (chains.into_iter().next().unwrap(), &moments[1..]);
    let within = calls
        .iter()
        .filter(|one| matches!(&one.what, What::Call(call) if &*call.extension == "hooks"));
    assert_eq!(within.clone().count(), 2);
    for call in within {
        assert!(first.began <= call.ended && call.began <= first.ended);
    }
}

/// Proves O1: a timeline keeps what it may, the latest.
#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_has_an_end() {
    let timeline = Arc::new(Timeline::keeping(3));
    let rig = watched(&timeline).await;
    for _ in 0..4 {
        assert_eq!(rig.hook(work_item()).await.blocked(), None);
    }
    assert_eq!((timeline.moments().len(), timeline.forgotten()), (3, 9));
    let shown = timeline.to_string();
    assert!(
        shown.starts_with("9 earlier moments are forgotten\n"),
        "{shown}"
    );
    assert_eq!(shown.lines().count(), 4, "{shown}");
}

/// Proves O1: a timeline keeps few of the denials of a call, and counts the others, also where the call is one of a chain.
#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_cuts_denials() {
    let timeline = Arc::new(Timeline::default());
    let rig = watched(&timeline).await;
    let _chain = rig.hook(work_item()).await;
    let mut record = rig.receipts.all().pop().unwrap();
    let denial = Denial {
        permission: "event:emit".to_owned(),
        asked: "emit".to_owned(),
        why: "no".to_owned(),
    };
    record.denials = vec![denial; 64];
    record.more_denials = 1;
    let mut chain = rig.receipts.chains().pop().unwrap();
    **chain.steps[0].call.as_mut().unwrap() = record.clone();
    timeline.clear();
    timeline.record(&record);
    timeline.chain(&chain);
    for moment in timeline.moments() {
        let call = match &moment.what {
            What::Call(call) => call,
            What::Chain(chain) => chain.steps[0].call.as_ref().unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!((call.denials.len(), call.more_denials), (4, 61));
    }
}
