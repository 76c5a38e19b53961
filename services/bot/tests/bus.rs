//! The bot over a bus alone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::Stage;
use portcullis::Subject;
use portcullis::bus::{EventSubject, Message, RequestError, Source, SubjectPattern};
use portcullis::identity::CallId;
use portcullis_tests::plugin;
use portcullis_tests::rig::limits;
use serde_json::{Value, json};

fn message(command: &str, payload: &Value) -> Message {
    Message {
        subject: EventSubject::new(&format!("bot.command.{command}")).unwrap(),
        payload: payload.to_string().into(),
        source: Source::Host("test".into()),
        about: Subject::none(),
        hops: 1,
        reply_to: None,
    }
}

const PATIENT: Duration = Duration::from_secs(20);

async fn try_request(
    stage: &Stage,
    message: Message,
    patience: Duration,
) -> Result<Value, RequestError> {
    let reply = stage.host.bus().request(message, patience).await?;
    Ok(serde_json::from_str(&reply.payload).unwrap())
}

async fn request(stage: &Stage, command: &str, payload: Value) -> Value {
    try_request(stage, message(command, &payload), PATIENT)
        .await
        .unwrap()
}

/// Proves E10: a request gets the one last reply; arguments are named, or a line as users write it.
#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered() {
    let stage = Stage::with(&["clerk", "echo"]).await;
    let _listener = stage.bot.listen().await.unwrap();
    let asked = json!({ "arguments": { "name": "Ada" }, "correlation": "c-1" });
    assert_eq!(
        request(&stage, "greets", asked).await,
        json!({
            "correlation": "c-1", "kind": "result", "command": "command:plugin:clerk:greets",
            "result": "hello Ada", "more": false,
        })
    );
    let line = request(&stage, "hi", json!({ "line": "Ada 2" })).await;
    assert_eq!(line["result"], "hello Ada, hello Ada");
    let events = request(&stage, "announces", json!({})).await;
    assert_eq!(
        (&events["kind"], &events["result"]),
        (&json!("result"), &json!("done"))
    );
    let owned = request(&stage, "clerk:announces", json!({})).await;
    assert_eq!(owned["result"], "done");
    let user = json!({ "arguments": { "text": "x" }, "user": "ada" });
    assert_eq!(request(&stage, "echo", user).await["result"]["count"], 1);
}

/// Proves E10: whatever is wrong, a request is told, and no detail of a failure.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told() {
    let stage = Stage::with(&["clerk"]).await;
    let _listener = stage.bot.listen().await.unwrap();
    for (command, payload, error) in [
        ("nonsense", json!({}), "there is no such command"),
        (
            "greets",
            json!({}),
            "the argument `name` is missing (give `name`)",
        ),
        (
            "greets",
            json!({ "line": "a b c d" }),
            "it takes 2 words; put several into quotes",
        ),
        (
            "greets",
            json!({ "line": "a", "arguments": { "name": "b" } }),
            "give either `arguments` or `line`",
        ),
        ("fails", json!({}), "the command failed"),
        ("in-session", json!({}), "the command is not available"),
        ("refuses", json!({}), "that cannot be done"),
        (
            "announces",
            json!({ "response": "_INBOX.1" }),
            "response: this subject is the bus's own",
        ),
    ] {
        let told = request(&stage, command, payload).await;
        assert_eq!(
            (&told["kind"], &told["error"]),
            (&json!("error"), &json!(error)),
            "{command}"
        );
    }
    for payload in [
        json!([]),
        json!({ "argument": {} }),
        json!({ "response": "a b" }),
    ] {
        let told = request(&stage, "announces", payload).await;
        let error = told["error"].as_str().unwrap();
        assert!(error.starts_with("the payload is no command: "), "{error}");
    }
}

/// Proves E10 and X1: a plugin gives no commands, whatever it may emit: calling others is a permission of its own.
#[tokio::test(flavor = "multi_thread")]
async fn plugins_give_no_commands() {
    let stage = Stage::with(&["clerk"]).await;
    let _listener = stage.bot.listen().await.unwrap();
    let mut command = message("announces", &json!({}));
    command.source = Source::Plugin {
        plugin: "clerk".parse().unwrap(),
        call: CallId::next(),
    };
    let told = try_request(&stage, command, PATIENT).await.unwrap();
    assert_eq!(told["error"], "plugins give no commands");
    assert!(stage.receipts.is_empty());
}

/// Proves E10: a command without a request, with its replies on a response channel.
#[tokio::test(flavor = "multi_thread")]
async fn a_response_channel() {
    let stage = Stage::with(&["clerk"]).await;
    let _listener = stage.bot.listen().await.unwrap();
    let pattern = SubjectPattern::new("answers.ada").unwrap();
    let mut answers = stage.host.bus().subscribe(pattern, 16).await.unwrap();
    let asked = json!({ "response": "answers.ada", "correlation": "c-7" });
    stage
        .host
        .bus()
        .publish(message("announces", &asked))
        .await
        .unwrap();
    let mut kinds = Vec::new();
    for _ in 0..3 {
        let next = tokio::time::timeout(Duration::from_secs(20), answers.next());
        let next = next.await.unwrap().unwrap();
        let told: Value = serde_json::from_str(&next.payload).unwrap();
        assert_eq!(told["correlation"], "c-7");
        kinds.push(told["kind"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds, ["event", "event", "result"]);
}

/// Proves E10: a conversation that begins over the bus goes on in the chat, and the other way round.
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_over_the_bus() {
    let stage = Stage::with(&["clerk"]).await;
    let listener = stage.bot.listen().await.unwrap();
    let place = |said: Option<&str>| json!({ "channel": "lobby", "thread": "t1", "user": "bob", "said": said });
    let open = request(&stage, "converses", place(None)).await;
    assert_eq!(
        (&open["result"], &open["more"]),
        (&json!("what is it?"), &json!(true))
    );
    assert_eq!(stage.say("a parcel").await, ["`a parcel`, you say?"]);
    let over = request(&stage, "converses", place(Some("bye"))).await;
    assert_eq!(
        (&over["result"], &over["more"]),
        (&json!("good day"), &json!(false))
    );
    assert!(stage.say("a parcel").await.is_empty());
    // A bot that does not listen any more is not there.
    drop(listener);
    let mut gone = Ok(Value::Null);
    for _ in 0..100 {
        gone = try_request(
            &stage,
            message("converses", &place(None)),
            Duration::from_millis(200),
        )
        .await;
        if gone.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(gone.is_err(), "{gone:?}");
}

/// Proves E10: what is said over the bus goes to the command that has the conversation open, and ends no other's.
#[tokio::test(flavor = "multi_thread")]
async fn only_its_own_conversation() {
    let stage = Stage::with(&["clerk", "trivia"]).await;
    let _listener = stage.bot.listen().await.unwrap();
    stage.say("!trivia 2").await;
    let calls = stage.receipts.len();
    let elsewhere = json!({ "channel": "lobby", "thread": "t2", "said": "bye" });
    let here = json!({ "channel": "lobby", "thread": "t1", "said": "bye" });
    for place in [here, elsewhere, json!({ "said": "bye" })] {
        let told = request(&stage, "converses", place).await;
        assert_eq!(told["error"], "this command has no conversation open there");
    }
    assert_eq!(stage.receipts.len(), calls, "nobody is called");
    assert!(stage.say("Mercury").await[0].starts_with("right, ada: mercury."));
}

/// Proves E10: commands to a thread in which one takes long keep those of other threads from nothing, and too many of them are refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_thread_holds_nobody_up() {
    let stage = Stage::of([plugin("clerk")], limits(|_| {}), |options| {
        (options.at_once, options.waiting) = (2, 4);
    })
    .await;
    let _listener = stage.bot.listen().await.unwrap();
    let slow = json!({ "channel": "lobby", "thread": "slow" });
    let ask = async |command| {
        try_request(&stage, message(command, &slow), PATIENT)
            .await
            .unwrap()
    };
    let quick = async || {
        // Once the others wait.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let place = json!({ "channel": "lobby", "thread": "quick" });
        let told = request(&stage, "announces", place).await;
        let looping = stage.receipts.all();
        assert!(looping.iter().all(|record| &*record.operation != "loops"));
        told["result"].clone()
    };
    let others = async || futures_util::future::join_all((0..8).map(|_| ask("announces"))).await;
    let (_, others, quick) = tokio::join!(ask("loops"), others(), quick());
    assert_eq!(quick, "done");
    let refused = json!("too many commands wait in this thread");
    let refused = others.iter().filter(|told| told["error"] == refused);
    assert_eq!(refused.count(), 4);
}
