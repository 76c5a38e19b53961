//! Events go from a call to those who hear them: what they say, when they go, how far they lead.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use portcullis::bus::EventPolicy;
use portcullis::receipt::Commit;
use portcullis::{Outcome, Record};
use portcullis_tests::messenger::step;
use portcullis_tests::{Messenger, Rig, Trouble, limits};
use serde_json::{Value, json};

/// A rig in which so many events may lead to one another.
fn rig_of_hops(hops: u32) -> Rig {
    let mut events = EventPolicy::default();
    events.hops = hops;
    Rig::new(limits(|_| {}).events(events))
}

/// Proves C8, E9: who emitted an event, about whom and after how many others is the host's word; what the payload says of it changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_host_says_where_an_event_comes_from() {
    let rig = Rig::default();
    let first = rig.load_package(Messenger::new("first").package()).await;
    rig.load_package(Messenger::new("second").hears("steps", "one").package())
        .await;
    rig.load_package(Messenger::new("third").hears("notes", "two").package())
        .await;
    let lie = json!({ "source": "host:admin", "hops": 0, "about": "beta" });
    let chain = step(json!({ "op": "emit", "subject": "two", "payload": lie }));
    let emit = json!({ "op": "emit", "subject": "one", "payload": chain["steps"] });
    let receipt = rig.act(&first, "steps", step(emit)).await;
    assert_eq!((receipt.emitted, receipt.lost_events), (1, 0));
    rig.host.events_idle().await;
    let noted = json!({
        "subject": "two",
        "payload": lie,
        "source": "plugin:second",
        "hops": 2,
        "wants-reply": false,
        "about": ["alpha", "s1", "ada"],
        "mark": null,
    });
    assert_eq!(rig.kept("third", "noted/notes"), Some(noted));
}

/// Proves E9: two plugins that answer each other's events stop at the hop limit, and the last one is told why.
#[tokio::test(flavor = "multi_thread")]
async fn two_plugins_that_answer_each_other_stop() {
    for hops in [1, 3, 8] {
        let rig = rig_of_hops(hops);
        rig.load_package(
            Messenger::new("ann")
                .hears("volleys", "game.ping")
                .package(),
        )
        .await;
        rig.load_package(
            Messenger::new("bob")
                .hears("volleys", "game.pong")
                .package(),
        )
        .await;
        rig.emit("game.ping", json!(0)).await;
        rig.host.events_idle().await;
        let count = |plugin| rig.counted(plugin).get("volleys").copied().unwrap_or(0);
        let (ann, bob) = (count("ann"), count("bob"));
        assert_eq!(ann + bob, u64::from(hops), "each hop is one event");
        assert!(ann == bob || ann == bob + 1, "{ann} {bob}");
        let receipts = rig.receipts.all();
        let calls: Vec<_> = receipts
            .iter()
            .filter(|one| one.extension == "events")
            .collect();
        // Their receipts may come in another order: an event is heard before the receipt of its call is written.
        let (last, others): (Vec<&Record>, Vec<&Record>) =
            calls.into_iter().partition(|one| one.emitted == 0);
        let [last] = last.as_slice() else {
            panic!("{last:?}");
        };
        assert_eq!(last.outcome, Outcome::Returned);
        assert!(
            others
                .iter()
                .all(|one| one.id < last.id && one.denials.is_empty())
        );
        let denial = last.denials.first().unwrap();
        assert_eq!(denial.permission, "event:emit");
        assert_eq!(denial.why, format!("more than {hops} hops"));
    }
}

/// Proves E9: what a plugin emits while it is instantiated has as many events behind it as what it emits later: a start that leads to itself ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_leads_to_itself_stops() {
    let rig = rig_of_hops(3);
    rig.load("emit-at-start").await;
    rig.emit("plugin.emit-at-start.again", Value::Null).await;
    let idle = rig.host.events_idle();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), idle).await;
    assert!(ended.is_ok(), "it goes on and on");
    let receipts = rig.receipts.all();
    assert_eq!(receipts.len(), 3, "each hop is one event");
    assert!(receipts.iter().all(|one| one.outcome == Outcome::Returned));
    let last = receipts.iter().find(|one| one.emitted == 0).unwrap();
    assert_eq!(last.denials.first().unwrap().why, "more than 3 hops");
}

/// Proves C8: a policy of no hops lets no plugin emit; the host's own events are heard.
#[tokio::test(flavor = "multi_thread")]
async fn without_hops_no_plugin_emits() {
    let rig = rig_of_hops(0);
    let messenger = Messenger::new("messenger").hears("counts", ">").package();
    let messenger = rig.load_package(messenger).await;
    let emit = json!({ "op": "emit", "subject": "a" });
    let receipt = rig.ask(&messenger, "steps", step(emit)).await;
    assert_eq!((receipt.reply, receipt.denials.len()), (Some(false), 1));
    rig.emit("a", Value::Null).await;
    rig.host.events_idle().await;
    assert_eq!(rig.counts("messenger", "counts"), [1, 0, 0, 0]);
}

/// Proves E9: what one emitter emits is handled in that order, within a call and over many.
#[tokio::test(flavor = "multi_thread")]
async fn events_are_handled_in_their_order() {
    let rig = Rig::default();
    let keeper = Messenger::new("keeper").hears_up_to("keeps", "numbers.>", 1_000);
    rig.load_package(keeper.package()).await;
    let emitter = rig.load_package(Messenger::new("emitter").package()).await;
    let mut expected = Vec::new();
    for subject in ["numbers.a", "numbers.b.c"] {
        let many = json!({ "op": "emit-many", "subject": subject, "count": 100 });
        let receipt = rig.act(&emitter, "steps", step(many)).await;
        assert_eq!(receipt.emitted, 100);
        expected.extend(0..100);
    }
    for number in 0..100 {
        rig.emit("numbers.a", json!(number)).await;
        expected.push(number);
    }
    rig.host.events_idle().await;
    assert_eq!(rig.kept("keeper", "kept/keeps"), Some(json!(expected)));
    assert_eq!(rig.counts("keeper", "keeps"), [300, 0, 0, 0]);
}

/// Proves C8, X5: calls that run into one another run again, and each emits what its last attempt did, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_that_runs_again_emits_once() {
    let rig = Rig::default();
    let messenger = Messenger::new("messenger").hears_up_to("keeps", "counted", 1_000);
    let messenger = rig.load_package(messenger.package()).await;
    let steps = json!({ "steps": [
        { "op": "emit", "subject": "counted", "payload": 1 },
        { "op": "count", "key": "n", "ms": 20 },
    ] });
    let calls = (0..12).map(|_| {
        let (rig, messenger, steps) = (rig.clone(), messenger.clone(), steps.clone());
        tokio::spawn(async move { rig.act(&messenger, "steps", steps).await })
    });
    let (mut attempts, mut returned) = (0, 0);
    for call in calls.collect::<Vec<_>>() {
        let receipt = call.await.unwrap();
        assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
        assert_eq!(receipt.emitted, 1);
        attempts += receipt.attempts;
        returned += 1;
    }
    assert!(attempts > returned, "nothing ran again");
    rig.host.events_idle().await;
    assert_eq!(rig.kept("messenger", "n"), Some(json!(12)));
    assert_eq!(rig.counts("messenger", "keeps"), [12, 0, 0, 0]);
}

/// Proves C8, C3: a call whose changes are not made emits nothing, whatever keeps them from being made.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_commit_there_is_no_event() {
    let rig = Rig::default();
    let messenger = Messenger::new("messenger").hears("counts", ">").package();
    let messenger = rig.load_package(messenger).await;
    let steps = json!({ "steps": [
        { "op": "set", "key": "mark", "value": 1 },
        { "op": "emit", "subject": "marked" },
    ] });
    for (trouble, commit) in [
        (Trouble::Fail, Commit::Refused { writes: 1 }),
        (Trouble::Conflict, Commit::Refused { writes: 1 }),
        (Trouble::PanicLater, Commit::Unknown { writes: 1 }),
    ] {
        rig.state.commits.set(trouble.clone());
        let receipt = rig.act(&messenger, "steps", steps.clone()).await;
        assert_eq!(
            receipt.outcome,
            Outcome::HostFault,
            "{trouble:?}: {receipt}"
        );
        assert_eq!((receipt.emitted, &receipt.commit), (0, &commit));
    }
    rig.state.commits.set(Trouble::None);
    rig.host.events_idle().await;
    assert_eq!(rig.counts("messenger", "counts"), [0, 0, 0, 0]);
}

/// Proves C8, C3: an event comes after the commit of its call: who hears it sees what the call has changed, each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_commit_comes_before_the_event() {
    let rig = Rig::default();
    let messenger = Messenger::new("messenger")
        .hears("notes", "marked")
        .package();
    let messenger = rig.load_package(messenger).await;
    for round in 0..50 {
        let steps = json!({ "steps": [
            { "op": "emit", "subject": "marked", "payload": round },
            { "op": "set", "key": "mark", "value": round },
        ] });
        let _changed = rig.act(&messenger, "steps", steps).await;
        rig.host.events_idle().await;
        let noted = rig.kept("messenger", "noted/notes").unwrap();
        assert_eq!(
            (&noted["payload"], &noted["mark"]),
            (&json!(round), &json!(round))
        );
    }
}

/// Proves C8, X5: a call that is dropped while it commits emits what it has to.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_caller_loses_no_event_of_a_committed_call() {
    let rig = Rig::default();
    // The handler changes nothing, so it passes the gate.
    let hears = Messenger::new("hears").hears("replies", "marked").package();
    rig.load_package(hears).await;
    let emits = rig.load_package(Messenger::new("emits").package()).await;
    let gate = rig.state.commits.gate();
    let steps = json!({ "steps": [
        { "op": "set", "key": "mark", "value": 1 },
        { "op": "emit-many", "subject": "marked", "count": 5 },
    ] });
    let call = {
        let rig = rig.clone();
        tokio::spawn(async move { rig.act(&emits, "steps", steps).await })
    };
    gate.entered().await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    gate.open();
    // One of the call, and five of the handler.
    let receipts = rig.receipts(6).await;
    let by_extension = |extension: &str| {
        let mut own = receipts.iter();
        own.find(|one| one.extension == extension).unwrap().clone()
    };
    let emitted = by_extension("effects");
    assert_eq!(emitted.emitted, 5, "{emitted}");
    assert_eq!(emitted.commit, Commit::Committed { writes: 1 });
    rig.host.events_idle().await;
    assert_eq!(rig.counts("hears", "replies"), [5, 0, 0, 0]);
}

/// Proves E9: each handler hears what its own pattern matches, also two of one plugin, and each once.
#[tokio::test(flavor = "multi_thread")]
async fn each_handler_hears_by_its_own_pattern() {
    let rig = Rig::default();
    let patterns = [
        ("counts-one", "chat.*"),
        ("counts-rest", "chat.>"),
        ("counts-exact", "chat.lobby"),
        ("counts-middle", "chat.*.said"),
        ("counts-all", ">"),
    ];
    let messenger = patterns
        .iter()
        .fold(Messenger::new("messenger"), |messenger, (name, subject)| {
            messenger.hears(name, subject)
        });
    rig.load_package(messenger.package()).await;
    for subject in ["chat", "chat.lobby", "chat.hall", "chat.lobby.said", "news"] {
        rig.emit(subject, Value::Null).await;
    }
    rig.host.events_idle().await;
    let expected = [
        ("all", 5),
        ("exact", 1),
        ("middle", 1),
        ("one", 2),
        ("rest", 3),
    ];
    let expected = expected.map(|(name, count)| (format!("counts-{name}"), count));
    assert_eq!(rig.counted("messenger"), BTreeMap::from(expected));
}
