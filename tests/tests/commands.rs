//! Commands: which one a name means, what is replied on the bus, and what becomes of those that fail.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use portcullis::bus::{Bus, BusError, EventSubject, Message, RequestError, Source};
use portcullis::bus::{SubjectPattern, Subscription};
use portcullis::extension::Skip;
use portcullis::extension::commands::{Invocation, Invoked, Reply};
use portcullis::guard::GuardPolicy;
use portcullis::host::LocalBus;
use portcullis::{EnabledPlugins, Outcome, Package, Scene, Subject};
use portcullis_tests::rig::{limits, params, shared_cache};
use portcullis_tests::{Rig, component, embed};
use serde_json::{Value, json};

/// The guest `clerk` as the plugin `id`, with these commands: each a name and its aliases.
fn clerk(id: &str, commands: &[(&str, &[&str])]) -> Package {
    let commands = commands.iter().map(|(name, aliases)| {
        format!("[[contributes.commands]]\nname = \"{name}\"\naliases = {aliases:?}\ndescription = \"Of {id}.\"\n")
    });
    let manifest = format!(
        "[plugin]\nid = \"{id}\"\nname = \"{id}\"\nversion = \"0.1.0\"\n\
         [permissions.\"command:handle\"]\nreason = \"A test asks for it.\"\n{}",
        commands.collect::<String>()
    );
    embed(&component("clerk"), &manifest)
}

fn only(ids: &[&str]) -> EnabledPlugins {
    let ids: BTreeSet<_> = ids.iter().map(|id| id.parse().unwrap()).collect();
    EnabledPlugins::Only(ids)
}

fn subject(text: &str) -> EventSubject {
    EventSubject::new(text).unwrap()
}

async fn invoke(rig: &Rig, name: &str, invocation: Invocation) -> Invoked {
    let (about, enabled) = (Subject::world("alpha").session("s1"), EnabledPlugins::All);
    let scene = Scene {
        subject: &about,
        enabled: &enabled,
    };
    let command = format!("command:plugin:clerk:{name}");
    rig.host.invoke(&command, scene, invocation).await
}

/// An invocation whose replies go to `replies.here`.
fn with_response(arguments: Value) -> Invocation {
    Invocation {
        response: Some(subject("replies.here")),
        correlation: Some("c-1".to_owned()),
        ..Invocation::with(params(arguments))
    }
}

async fn listen(rig: &Rig) -> Box<dyn Subscription> {
    let pattern = SubjectPattern::new("replies.>").unwrap();
    rig.host.bus().subscribe(pattern, 256).await.unwrap()
}

/// What stands on the response channel, and that nothing follows it.
async fn heard(replies: &mut Box<dyn Subscription>, count: usize) -> Vec<Message> {
    let mut heard = Vec::new();
    for _ in 0..count {
        let next = tokio::time::timeout(Duration::from_secs(10), replies.next());
        heard.push(next.await.unwrap().unwrap());
    }
    let more = tokio::time::timeout(Duration::from_millis(50), replies.next());
    assert!(more.await.is_err(), "more replies than {count}");
    heard
}

fn payload(message: &Message) -> Value {
    serde_json::from_str(&message.payload).unwrap()
}

/// Proves E10 and E17: a name means the plugin's that was loaded first, also after it is loaded again; a name comes before an alias; a plugin that
/// the world does not use has no commands; one plugin's can be named.
#[tokio::test(flavor = "multi_thread")]
async fn names_and_aliases() {
    let rig = Rig::default();
    let first = || clerk("first", &[("announces", &["tell"]), ("refuses", &[])]);
    rig.load_package(first()).await;
    rig.load_package(clerk(
        "second",
        &[("announces", &["say"]), ("reports", &["refuses"])],
    ))
    .await;
    rig.load_package(first()).await;
    let find = |name: &str, enabled: &EnabledPlugins| rig.host.command(name, enabled);
    let all = EnabledPlugins::All;
    for (name, found) in [
        ("announces", Some("command:plugin:first:announces")),
        ("tell", Some("command:plugin:first:announces")),
        ("say", Some("command:plugin:second:announces")),
        ("refuses", Some("command:plugin:first:refuses")),
        ("second:announces", Some("command:plugin:second:announces")),
        ("second:refuses", Some("command:plugin:second:reports")),
        ("third:announces", None),
        ("Announces", None),
        ("", None),
        (":announces", None),
    ] {
        assert_eq!(find(name, &all).as_deref(), found, "{name}");
    }
    let second = only(&["second"]);
    assert_eq!(
        find("announces", &second).unwrap(),
        "command:plugin:second:announces"
    );
    assert_eq!(find("tell", &second), None);
    assert_eq!(
        find("refuses", &second).unwrap(),
        "command:plugin:second:reports"
    );
    let listed = rig.host.commands(&second);
    let listed: Vec<_> = listed
        .iter()
        .map(|one| (&*one.name, one.plugin.as_str(), &*one.description))
        .collect();
    assert_eq!(
        listed,
        [
            ("announces", "second", "Of second."),
            ("reports", "second", "Of second.")
        ]
    );
}

/// Proves E10, X7: a plugin that is disabled keeps its names: no other one's commands are given in its place, then or once it is enabled again.
#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_plugin_keeps_its_names() {
    let rig = Rig::default();
    rig.load_package(clerk("clerk", &[("announces", &["tell"])]))
        .await;
    rig.load_package(clerk("taker", &[("announces", &["tell"])]))
        .await;
    let (own, all) = ("command:plugin:clerk:announces", EnabledPlugins::All);
    let found = |name: &str| rig.host.command(name, &all).unwrap();
    let mut replies = listen(&rig).await;
    rig.host.disable(&"clerk".parse().unwrap()).await.unwrap();
    assert_eq!((&*found("announces"), &*found("tell")), (own, own));
    assert_eq!(found("taker:tell"), "command:plugin:taker:announces");
    let invoked = invoke(&rig, "announces", with_response(json!({}))).await;
    assert_eq!(invoked.dispatched.unwrap_err(), Skip::Disabled);
    let last = payload(&heard(&mut replies, 1).await[0]);
    assert_eq!(last["error"], "the command is not available");
    let listed = rig.host.commands(&all);
    assert_eq!(listed.len(), 1, "what is not available is not offered");
    rig.host.enable(&"clerk".parse().unwrap()).await.unwrap();
    assert_eq!((&*found("announces"), &*found("tell")), (own, own));
    assert_eq!(rig.host.commands(&all)[0].qualified, own);
}

/// Proves E10: the response channel gets the events in order, then the result, each with the correlation id and the plugin as its source.
#[tokio::test(flavor = "multi_thread")]
async fn replies_come_in_order_and_the_last_one_once() {
    let rig = Rig::default();
    rig.load("clerk").await;
    let mut replies = listen(&rig).await;
    let invoked = invoke(&rig, "announces", with_response(json!({}))).await;
    assert_eq!((&*invoked.correlation, invoked.unpublished), ("c-1", 0));
    let heard = heard(&mut replies, 3).await;
    let command = "command:plugin:clerk:announces";
    assert_eq!(
        heard.iter().map(payload).collect::<Vec<_>>(),
        [
            json!({ "correlation": "c-1", "kind": "event", "command": command, "name": "began", "data": { "step": 1 } }),
            json!({ "correlation": "c-1", "kind": "event", "command": command, "name": "went-on", "data": { "step": 2 } }),
            json!({ "correlation": "c-1", "kind": "result", "command": command, "result": "done", "more": false }),
        ]
    );
    let call = invoked.dispatched.unwrap().id;
    for message in heard {
        let plugin = "clerk".parse().unwrap();
        assert_eq!(message.source, Source::Plugin { plugin, call });
        assert_eq!(message.about, Subject::world("alpha").session("s1"));
    }
}

/// Proves E10: an error for the user is the last reply and no failure; a conversation says that there is more.
#[tokio::test(flavor = "multi_thread")]
async fn errors_and_conversations() {
    let rig = Rig::default();
    rig.load("clerk").await;
    let mut replies = listen(&rig).await;
    let refused = invoke(&rig, "refuses", with_response(json!({}))).await;
    assert_eq!(refused.dispatched.unwrap().outcome, Outcome::Returned);
    let told = heard(&mut replies, 2).await;
    assert_eq!(payload(&told[0])["kind"], "event");
    assert_eq!(payload(&told[1])["error"], "that cannot be done");
    let open = invoke(&rig, "converses", with_response(json!({}))).await;
    assert!(open.answer.unwrap().more);
    assert_eq!(payload(&heard(&mut replies, 1).await[0])["more"], true);
}

/// Proves E10: bad arguments are told without a call, by the host; the plugin sees nothing of them.
#[tokio::test(flavor = "multi_thread")]
async fn bad_arguments_call_nobody() {
    let rig = Rig::default();
    rig.load("clerk").await;
    let mut replies = listen(&rig).await;
    let bad = invoke(
        &rig,
        "greets",
        with_response(json!({ "name": "Ada", "times": "often" })),
    )
    .await;
    assert_eq!(bad.dispatched.unwrap_err(), Skip::BadArguments);
    let told = &heard(&mut replies, 1).await[0];
    assert_eq!(told.source, Source::Host("commands".into()));
    let error = payload(told)["error"].as_str().unwrap().to_owned();
    assert_eq!(bad.answer.unwrap().reply, Reply::Error(error.clone()));
    assert!(error.starts_with("the argument `times`: "), "{error}");
    // A correlation id that cannot be one is bad too, and the host makes another.
    let long = Invocation {
        correlation: Some("x".repeat(129)),
        ..with_response(json!({ "name": "Ada" }))
    };
    let bad = invoke(&rig, "greets", long).await;
    assert_eq!(bad.dispatched.unwrap_err(), Skip::BadArguments);
    assert!(bad.correlation.len() < 129);
    assert_eq!(
        payload(&heard(&mut replies, 1).await[0])["correlation"],
        bad.correlation
    );
    let long = Invocation {
        said: Some("x".repeat(65_537)),
        ..with_response(json!({}))
    };
    assert!(invoke(&rig, "converses", long).await.dispatched.is_err());
    assert!(rig.receipts.is_empty());
}

/// Proves E10: thread, channel, user and what was said are handed through as the host tells them; without a correlation id the host makes one.
#[tokio::test(flavor = "multi_thread")]
async fn the_context_is_handed_through() {
    let rig = Rig::default();
    rig.load("clerk").await;
    let invocation = Invocation {
        thread: Some("thread 7".to_owned()),
        channel: Some("lobby".to_owned()),
        user: Some("ada".to_owned()),
        said: Some("two\nlines".to_owned()),
        ..Invocation::with(params(json!({ "ignored": "in a conversation" })))
    };
    let invoked = invoke(&rig, "reports", invocation).await;
    let Reply::Result(told) = invoked.answer.unwrap().reply else {
        unreachable!("`reports` gives a result")
    };
    assert_eq!(
        told,
        json!({
            "correlation": invoked.correlation, "arguments": {}, "thread": "thread 7", "channel": "lobby",
            "user": "ada", "said": "two\nlines", "world": "alpha", "session": "s1",
        })
    );
    let other = invoke(&rig, "reports", Invocation::default()).await;
    assert_ne!(other.correlation, invoked.correlation);
}

/// Proves E10: whatever way a plugin fails, one reply says so, and no detail of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_without_details() {
    let rig = Rig::new(limits(|limits| limits.wall_ms = 500));
    rig.load("clerk").await;
    let mut replies = listen(&rig).await;
    for (command, outcome) in [
        ("fails", Outcome::GuestError),
        ("traps", Outcome::Trapped),
        ("loops", Outcome::TimedOut),
        ("event-nameless", Outcome::GuestError),
        ("too-many-events", Outcome::GuestError),
    ] {
        let failed = invoke(&rig, command, with_response(json!({}))).await;
        assert!(failed.answer.is_none(), "{command}");
        assert_eq!(failed.dispatched.unwrap().outcome, outcome, "{command}");
        let told = &heard(&mut replies, 1).await[0];
        assert_eq!(told.source, Source::Host("commands".into()));
        assert_eq!(
            payload(told),
            json!({
                "correlation": "c-1", "kind": "error", "command": format!("command:plugin:clerk:{command}"),
                "error": "the command failed", "more": false,
            })
        );
    }
    let unknown = invoke(&rig, "nonsense", with_response(json!({}))).await;
    assert_eq!(unknown.dispatched.unwrap_err(), Skip::Unknown);
    assert_eq!(
        payload(&heard(&mut replies, 1).await[0])["error"],
        "there is no such command"
    );
}

/// Proves E10 and O1: a plugin that failed too often is not called, and the reply tells that its command is not there; once it is enabled again
/// it answers as before.
#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_plugin_is_not_called() {
    let rig = Rig::new(limits(|_| {}).guard(GuardPolicy::default()));
    rig.load("clerk").await;
    while rig.receipts.len() < 20
        && invoke(&rig, "traps", Invocation::default())
            .await
            .dispatched
            .is_ok()
    {}
    let calls = rig.receipts.len();
    assert!(calls < 20, "the guard never trips");
    let mut replies = listen(&rig).await;
    let disabled = invoke(&rig, "announces", with_response(json!({}))).await;
    // From the moment on at which it trips; a little later its commands are not registered any more.
    let skip = disabled.dispatched.unwrap_err();
    assert!(matches!(skip, Skip::Disabled | Skip::Unknown), "{skip}");
    assert_eq!(payload(&heard(&mut replies, 1).await[0])["kind"], "error");
    assert_eq!(rig.receipts.len(), calls);
    rig.host.enable(&"clerk".parse().unwrap()).await.unwrap();
    assert!(
        rig.host
            .command("announces", &EnabledPlugins::All)
            .is_some()
    );
    let again = invoke(&rig, "announces", Invocation::default()).await;
    assert_eq!(again.answer.unwrap().reply, Reply::Result(json!("done")));
}

/// Proves E10: a command that nobody waits for any more still has exactly one last reply.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_command_has_a_last_reply() {
    let rig = Rig::default();
    rig.load("clerk").await;
    let mut replies = listen(&rig).await;
    let waits = invoke(&rig, "loops", with_response(json!({})));
    assert!(
        tokio::time::timeout(Duration::from_millis(300), waits)
            .await
            .is_err()
    );
    let told = payload(&heard(&mut replies, 1).await[0]);
    assert_eq!(
        (&told["kind"], &told["error"]),
        (&json!("error"), &json!("the command was cancelled"))
    );
}

/// A bus that takes nothing, and panics now and then.
struct Broken(LocalBus);

impl Bus for Broken {
    fn publish(
        &self,
        message: Message,
    ) -> futures_util::future::BoxFuture<'_, Result<(), BusError>> {
        assert!(!message.payload.contains("went-on"), "a bus that panics");
        Box::pin(async { Err(BusError::Unavailable("broken".to_owned())) })
    }

    fn request(
        &self,
        message: Message,
        patience: Duration,
    ) -> futures_util::future::BoxFuture<'_, Result<Message, RequestError>> {
        self.0.request(message, patience)
    }

    fn subscribe(
        &self,
        pattern: SubjectPattern,
        capacity: usize,
    ) -> futures_util::future::BoxFuture<'_, Result<Box<dyn Subscription>, BusError>> {
        self.0.subscribe(pattern, capacity)
    }
}

/// Proves E10: a bus that fails costs the replies on it, which are counted, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_bus_fails_no_command() {
    let bus = Arc::new(Broken(LocalBus::new()));
    let rig = Rig::with(limits(|_| {}), |builder| {
        builder.compile_cache(shared_cache()).bus(bus)
    });
    rig.load("clerk").await;
    let invoked = invoke(&rig, "announces", with_response(json!({}))).await;
    assert_eq!(invoked.answer.unwrap().reply, Reply::Result(json!("done")));
    assert_eq!(invoked.unpublished, 3);
}
