//! Requests over the bus and their replies, between plugins and with the host.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use portcullis::bus::{EventPolicy, RequestError};
use portcullis::guard::GuardPolicy;
use portcullis::host::{EmitError, PluginState};
use portcullis::{Blame, Outcome, Receipt};
use portcullis_tests::messenger::step;
use portcullis_tests::rig::ada;
use portcullis_tests::{Messenger, Rig, Trouble, limits};
use serde_json::{Value, json};

/// Long enough for a reply on a busy machine.
const LONG_MS: u64 = 20_000;

/// A step that requests with a payload.
fn request(subject: &str, payload: Value, timeout_ms: u64) -> Value {
    json!({ "op": "request", "subject": subject, "payload": payload, "timeout_ms": timeout_ms })
}

/// A rig with a plugin that asks and other plugins, in which a call has as much time as a request.
async fn rig_of(others: &[Messenger]) -> Rig {
    let rig = Rig::new(limits(|limits| limits.wall_ms = LONG_MS));
    for other in others {
        rig.load_package(other.package()).await;
    }
    rig.load_package(Messenger::new("asks").package()).await;
    rig
}

/// Has the plugin `asks` take one step; gives the receipt.
async fn ask(rig: &Rig, one: Value) -> Receipt<bool> {
    let asks = rig.host.plugin(&"asks".parse().unwrap()).unwrap();
    rig.ask(&asks, "steps", step(one)).await
}

/// What the last step came to, as it was logged.
fn last_answer(rig: &Rig) -> String {
    let log = rig.log.all();
    let fields = &log.last().unwrap().fields;
    fields
        .iter()
        .map(|(key, value)| format!("{key}: {value}"))
        .collect()
}

async fn host_asks(rig: &Rig, subject: &str, patience_ms: u64) -> Result<Value, EmitError> {
    let patience = Duration::from_millis(patience_ms);
    let (subject, about) = (subject.parse().unwrap(), ada());
    rig.host
        .request(subject, &json!(7), &about, "test", patience)
        .await
}

/// Proves C8, E9: a plugin asks another one and gets its reply, in the midst of a call.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_gets_another_ones_reply() {
    let answers = Messenger::new("answers").hears("replies", "ask.>");
    let notes = Messenger::new("notes").hears("notes", "ask.*");
    let rig = rig_of(&[answers, notes]).await;
    let receipt = ask(&rig, request("ask.it", json!({ "n": 1 }), LONG_MS)).await;
    assert_eq!(receipt.reply, Some(true), "{receipt}");
    assert_eq!(last_answer(&rig), r#"answer: {"to":{"n":1}}"#);
    assert_eq!(receipt.emitted, 0, "it went out while the call ran");
    rig.host.events_idle().await;
    // Who hears a request and says nothing does not reply.
    let noted = rig.kept("notes", "noted/notes").unwrap();
    assert_eq!(
        (&noted["source"], &noted["wants-reply"]),
        (&json!("plugin:asks"), &json!(true))
    );
    assert_eq!(
        (&noted["hops"], &noted["about"]),
        (&json!(1), &json!(["alpha", "s1", "ada"]))
    );
}

/// Proves C8, E9: nobody there is told at once, silence and failing handlers when the time is up; the host is told the same.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_reply_there_is_a_reason() {
    let others = Messenger::new("others")
        .hears("counts", "silent")
        .hears("fails", "fails")
        .hears("traps", "traps")
        .hears("oversized", "oversized");
    let rig = rig_of(&[others]).await;
    let receipt = ask(&rig, request("nobody", Value::Null, LONG_MS)).await;
    assert_eq!(
        (receipt.reply, &*last_answer(&rig)),
        (Some(false), "refused: not found")
    );
    let nobody = host_asks(&rig, "nobody", LONG_MS).await;
    assert_eq!(nobody, Err(EmitError::Request(RequestError::NoResponders)));
    for silent in ["silent", "fails", "traps", "oversized"] {
        let receipt = ask(&rig, request(silent, Value::Null, 300)).await;
        let refused = "refused: the host cannot serve this now";
        assert_eq!(
            (receipt.outcome, &*last_answer(&rig)),
            (Outcome::Returned, refused)
        );
        let timed_out = host_asks(&rig, silent, 300).await;
        assert_eq!(
            timed_out,
            Err(EmitError::Request(RequestError::TimedOut)),
            "{silent}"
        );
    }
}

/// Proves C8: a call that has asked is not run again after a conflict: what it asked for cannot be taken back.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_asks_is_not_run_again() {
    let rig = rig_of(&[Messenger::new("answers").hears("replies", "ask")]).await;
    rig.state.commits.set(Trouble::Conflict);
    let asks = rig.host.plugin(&"asks".parse().unwrap()).unwrap();
    let steps = json!({ "steps": [
        { "op": "set", "key": "a", "value": 1 },
        request("ask", Value::Null, LONG_MS),
        { "op": "emit", "subject": "never" },
    ] });
    let receipt = rig.act(&asks, "steps", steps).await;
    assert_eq!(
        (receipt.outcome, receipt.attempts),
        (Outcome::HostFault, 1),
        "{receipt}"
    );
    assert_eq!(receipt.emitted, 0);
    rig.host.events_idle().await;
    assert_eq!(rig.counts("answers", "replies"), [1, 0, 0, 0]);
}

/// Proves C8, X1, O6: a request ends with its call's own time, and that is not held against the plugin that waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_ends_with_its_call() {
    let mut guard = GuardPolicy::default();
    guard.failures = 1;
    let rig = Rig::new(limits(|limits| limits.wall_ms = 500).guard(guard));
    let silent = Messenger::new("silent").hears("counts", "ask");
    rig.load_package(silent.package()).await;
    rig.load_package(Messenger::new("asks").package()).await;
    let receipt = ask(&rig, request("ask", Value::Null, u64::from(u32::MAX))).await;
    assert_eq!(receipt.outcome, Outcome::TimedOut, "{receipt}");
    let why = "the wall time ran out while the plugin waited for the host";
    assert_eq!(receipt.message.as_deref(), Some(why));
    let states = rig.host.plugins();
    assert!(
        states.iter().all(|one| one.state == PluginState::Enabled),
        "{states:?}"
    );
}

/// Proves C8, O6: a plugin that waits for a reply of its own handler has nobody else to blame.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_oneself_is_ones_own_time() {
    let rig = Rig::new(limits(|limits| limits.wall_ms = 500));
    let asks = Messenger::new("asks").hears("counts", "ask");
    rig.load_package(asks.package()).await;
    let receipt = ask(&rig, request("ask", Value::Null, u64::from(u32::MAX))).await;
    assert_eq!(
        (receipt.outcome, receipt.blame),
        (Outcome::TimedOut, Some(Blame::Guest)),
        "{receipt}"
    );
}

/// Proves E9: requests are hops as well: a chain of them ends at the limit, and each gets the reply of the next one.
#[tokio::test(flavor = "multi_thread")]
async fn requests_are_hops() {
    let mut events = EventPolicy::default();
    events.hops = 2;
    let policy = limits(|limits| limits.wall_ms = LONG_MS).events(events);
    let rig = Rig::new(policy);
    for (plugin, subject) in [("one", "one"), ("two", "two"), ("three", "three")] {
        let hears = Messenger::new(plugin).hears("steps", subject).package();
        rig.load_package(hears).await;
    }
    rig.load_package(Messenger::new("asks").package()).await;
    let third = json!([request("three", json!([]), LONG_MS)]);
    let second = json!([request("two", third, LONG_MS)]);
    let _logged = ask(&rig, request("one", second, LONG_MS)).await;
    let denied = "denied: the grant does not hold event:emit: more than 2 hops";
    let expected = json!([{ "answer": [{ "refused": denied }] }]);
    assert_eq!(last_answer(&rig), format!("answer: {expected}"));
    assert_eq!(rig.counts("three", "steps"), [0, 0, 0, 0]);
}

/// Proves E9: a plugin that asks itself, at the very handler that asks, waits in vain and no longer than it said.
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_itself_waits_in_vain() {
    let rig = rig_of(&[Messenger::new("ouroboros").hears("steps", "tail")]).await;
    let inner = json!([request("tail", json!([]), 300)]);
    let _logged = ask(&rig, request("tail", inner, LONG_MS)).await;
    let refused = r#"answer: [{"refused":"the host cannot serve this now"}]"#;
    assert_eq!(last_answer(&rig), refused);
    rig.host.events_idle().await;
    // The one that it asked itself was handled in the end, for nobody.
    assert_eq!(rig.counts("ouroboros", "steps"), [2, 0, 0, 0]);
}

/// Proves E9, C8: no plugin forges a reply: whatever inbox it guesses, it cannot emit there, nor can an embedder by mistake.
#[tokio::test(flavor = "multi_thread")]
async fn replies_cannot_be_forged() {
    let forger = Messenger::new("forger").hears("steps-forging", "ask");
    let rig = rig_of(&[forger]).await;
    let forged = (0..8).map(
        |inbox| json!({ "op": "emit", "subject": format!("_INBOX.{inbox}"), "payload": "forged" }),
    );
    let _logged = ask(&rig, request("ask", forged.collect(), LONG_MS)).await;
    let answer = last_answer(&rig);
    let denied = answer.matches("subjects that begin with `_` are the bus's own");
    assert!(
        denied.count() == 8 && !answer.contains("forged"),
        "{answer}"
    );
    let receipts = rig.receipts.all();
    let forger = receipts
        .iter()
        .find(|one| one.extension == "events")
        .unwrap();
    assert_eq!((forger.denials.len(), forger.emitted), (8, 0));
    let (inbox, about) = ("_INBOX.1".parse().unwrap(), ada());
    let emitted = rig.host.emit(inbox, &json!(1), &about, "test").await;
    assert!(
        matches!(&emitted, Err(EmitError::Reserved(_))),
        "{emitted:?}"
    );
}

/// Proves E9, C8: what is asked of a plugin by its own subjects is answered by this plugin, whoever else hears it and is faster.
#[tokio::test(flavor = "multi_thread")]
async fn no_plugin_answers_for_another_one() {
    let forger = Messenger::new("forger").hears("replies", "plugin.>");
    let answers = Messenger::new("answers").hears("replies", "plugin.answers.asked");
    let rig = rig_of(&[forger]).await;
    let timed_out = Err(EmitError::Request(RequestError::TimedOut));
    assert_eq!(
        host_asks(&rig, "plugin.answers.asked", 300).await,
        timed_out
    );
    assert_eq!(rig.counts("forger", "replies"), [1, 0, 0, 0]);
    rig.load_package(answers.package()).await;
    let reply = host_asks(&rig, "plugin.answers.asked", LONG_MS).await;
    assert_eq!(reply, Ok(json!({ "to": 7 })));
    let own = host_asks(&rig, "plugin.forger.asked", LONG_MS).await;
    assert_eq!(own, Ok(json!({ "to": 7 })));
}

/// Proves E9: an embedder's payload has the bounds of a plugin's.
#[tokio::test(flavor = "multi_thread")]
async fn payloads_of_the_host_have_bounds() {
    let rig = Rig::default();
    let long = json!("x".repeat(70_000));
    let deep = (0..65).fold(json!(1), |inner, _| json!([inner]));
    for payload in [long, deep] {
        let about = ada();
        let emitted = rig
            .host
            .emit("a".parse().unwrap(), &payload, &about, "test")
            .await;
        let refused = emitted.unwrap_err().to_string();
        assert!(refused.starts_with("payload: "), "{refused}");
    }
}
