//! What goes wrong: servers, tools, models that do not stop.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::future::pending;
use std::time::Duration;

use async_trait::async_trait;
use common::{Office, failed, item, last};
use portcullis_agent::model::{Answer, Ask, Model, ProviderError};
use portcullis_agent::tool::ToolError;
use portcullis_agent::{
    Agent, Bound, Delivery, DeliveryError, Entry, NewWorkItem, Outcome, Tool, Use, WorkItem,
};
use portcullis_scripted::{Call, Script, Step};
use serde_json::{Map, Value, json};

fn read() -> Step {
    Step::call("read_file", json!({"path": "notes.txt"}))
}

/// Proves E7: a server that is busy or broken is asked again, up to the bound; one that refuses or says nonsense is not.
#[tokio::test]
async fn a_server_that_fails() {
    let refuse = |status| Step::Refuse(status, "no\nluck".to_owned());
    for (steps, asked, why) in [
        (
            vec![refuse(500)],
            3,
            "500 Internal Server Error: no luck (asked 3 times)",
        ),
        (vec![refuse(429)], 3, "429"),
        (vec![refuse(400)], 1, "400 Bad Request: no luck"),
        (vec![Step::Body("<h1>".to_owned())], 1, "no chat completion"),
        (vec![Step::Body("{}".to_owned())], 1, "no chat completion"),
        (vec![Step::Endless], 1, "more than 1048576 bytes"),
        (vec![Step::say("")], 1, "said nothing"),
        (vec![Step::say("x".repeat(70_000))], 1, "70000 bytes"),
    ] {
        let office = Office::new(&Script::new(steps).repeating());
        let transcript = office.work().await;
        failed(&transcript, why);
        assert_eq!(office.server.received(asked).len(), asked, "{why}");
        assert_eq!(transcript.response(), None);
        let is_paid = why == "said nothing" || why == "70000 bytes";
        assert_eq!(transcript.usage.answers, u32::from(is_paid), "{why}");
    }
}

/// Proves E7: a server that recovers costs nothing but the time.
#[tokio::test]
async fn a_server_that_recovers() {
    let busy = Step::Refuse(503, "loading".to_owned());
    let office = Office::new(&Script::new([busy.clone(), busy, Step::say("Done.")]));
    let transcript = office.work().await;
    assert_eq!(transcript.response(), Some("Done."));
    assert_eq!(transcript.usage.answers, 1);
}

/// Proves E7: a server that hangs, or is gone, ends the run within its time.
#[tokio::test]
async fn a_server_that_does_not_answer() {
    let mut office = Office::new(&Script::new([Step::Hang]).repeating());
    let mut endpoint = office.endpoint();
    endpoint.timeout = Duration::from_millis(100);
    let transcript = office.agent_at(&endpoint).work(item()).await;
    failed(&transcript, "asked 3 times");

    office.options.bounds.run = Duration::from_millis(300);
    let transcript = office.work().await;
    let Outcome::Stopped { bound, .. } = &transcript.outcome else {
        panic!("{transcript}");
    };
    assert_eq!(*bound, Bound::Time);
    assert_eq!(transcript.messages().count(), 2, "what was is kept");

    office.options.bounds.run = Duration::from_secs(60);
    let endpoint = office.endpoint();
    drop(office.server);
    let office = Office {
        server: common::serve(&Script::default()),
        ..office
    };
    let transcript = office.agent_at(&endpoint).work(item()).await;
    failed(&transcript, "the model did not answer");
}

/// Proves E7: a wrong key is refused, and stands in no transcript.
#[tokio::test]
async fn a_wrong_key_is_not_told() {
    let office = Office::new(&Script::new([Step::say("Done.")]).key("sk-right"));
    let mut endpoint = office.endpoint();
    endpoint.api_key = Some("sk-canary".into());
    let transcript = office.agent_at(&endpoint).work(item()).await;
    failed(&transcript, "401");
    assert!(!format!("{transcript:?} {transcript}").contains("canary"));

    // Nor where the server says it back, in words or in what is no reply.
    for (step, why) in [
        (
            Step::Refuse(400, "the key sk-canary is odd".to_owned()),
            "the key [hidden] is odd",
        ),
        (
            Step::Body(json!({"choices": "sk-canary"}).to_string()),
            "no chat completion",
        ),
    ] {
        let office = Office::new(&Script::new([step]).key("sk-canary"));
        let mut endpoint = office.endpoint();
        endpoint.api_key = Some("sk-canary".into());
        let transcript = office.agent_at(&endpoint).work(item()).await;
        failed(&transcript, why);
        assert!(!format!("{transcript:?} {transcript}").contains("canary"));
    }
}

/// Proves E7: what is wrong with the use of a tool is told to the model, which may do better; no hook is reached for what is never used.
#[tokio::test]
async fn uses_that_are_wrong_are_told_to_the_model() {
    let far = "x".repeat(70_000);
    for (tool, arguments, why) in [
        (
            "shell",
            json!({}),
            "there is no tool `shell`; there are list_files, read_file, write_file",
        ),
        (
            "read_file",
            json!("{\"path\": "),
            "error: the arguments are no JSON object",
        ),
        (
            "read_file",
            json!([1]),
            "error: the arguments are no JSON object",
        ),
        ("read_file", json!({}), "\"path\" is a required property"),
        (
            "read_file",
            json!({"path": 7}),
            "/path: 7 is not of type \"string\"",
        ),
        (
            "write_file",
            json!({"path": "a", "text": far}),
            "the arguments have",
        ),
    ] {
        let office = Office::new(&Script::new([
            Step::call(tool, arguments.clone()),
            Step::say("I see."),
        ]));
        let office = office.with_scribe(json!({}), json!({})).await;
        let transcript = office.work().await;
        assert_eq!(transcript.response(), Some("I see."), "{transcript}");
        let received = office.server.received(2);
        let told = last(&received);
        assert!(told.contains(why), "{told}");
        assert!(!office.points().contains(&"tool.pre_exec".to_owned()));
        // Arguments that were no JSON go back as they came.
        let sent = &received[1].body["messages"][2]["tool_calls"][0]["function"]["arguments"];
        match &arguments {
            Value::String(text) => assert_eq!(sent, text),
            other => assert_eq!(*sent, other.to_string()),
        }
    }
}

/// Does what its argument says.
struct Moody;

#[async_trait]
impl Tool for Moody {
    fn name(&self) -> &str {
        "moody"
    }
    fn description(&self) -> &str {
        "Does what it is told."
    }
    fn parameters(&self) -> Value {
        json!({"type": "object", "properties": {"how": {"type": "string"}}})
    }
    async fn run(&self, arguments: Map<String, Value>) -> Result<String, ToolError> {
        match arguments["how"].as_str().unwrap() {
            "panic" => panic!("what a mood"),
            "hang" => pending().await,
            "long" => Ok("a line\n".repeat(10_000)),
            "fail" => Err(ToolError::new("out of paper")),
            other => Ok(other.to_owned()),
        }
    }
}

/// Proves E7: tools that fail, panic, hang or say too much.
#[tokio::test]
async fn tools_that_fail() {
    for (how, came, told) in [
        ("fail", Use::Failed, "error: out of paper"),
        ("panic", Use::Failed, "error: the tool panicked"),
        (
            "hang",
            Use::Failed,
            "error: the tool took longer than 100ms",
        ),
        ("long", Use::Done, "bytes more were cut]"),
    ] {
        let script = Script::new([
            Step::call("moody", json!({"how": how})),
            Step::say("I see."),
        ]);
        let mut office = Office::new(&script).tool(Moody);
        office.options.bounds.tool = Duration::from_millis(100);
        let office = office.with_scribe(json!({}), json!({})).await;
        let transcript = office.work().await;
        assert_eq!(transcript.response(), Some("I see."), "{transcript}");
        let said = last(&office.server.received(2));
        assert!(said.contains(told), "{said}");
        assert!(said.len() < 17 * 1024);
        let found = transcript.entries.iter().find_map(|entry| match entry {
            Entry::Used { came, .. } => Some(came.clone()),
            _ => None,
        });
        assert_eq!(found, Some(came.clone()));
        let seen = office.seen();
        let after = seen.iter().find(|seen| seen["point"] == "tool.post_exec");
        assert_eq!(after.unwrap()["data"]["failed"], came == Use::Failed);
    }
}

/// Proves E7: a model that asks for tools without end is stopped, and gets only so many in one turn.
#[tokio::test]
async fn a_model_that_does_not_stop() {
    let mut office = Office::new(&Script::new([read()]).repeating());
    office.options.bounds.turns = 4;
    let transcript = office.work().await;
    let stopped = Outcome::Stopped {
        bound: Bound::Turns,
        why: "the model was asked 4 times and still wanted to use tools".to_owned(),
    };
    assert_eq!(transcript.outcome, stopped);
    assert_eq!(office.server.received(4).len(), 4);
    // What a tool would do after the last answer nobody would read.
    let used = transcript.entries.iter().filter_map(|entry| match entry {
        Entry::Used { turn, came, .. } => Some((*turn, came.clone())),
        _ => None,
    });
    let used: Vec<_> = used.collect();
    let done = |turn| (turn, Use::Done);
    assert_eq!(used, [done(1), done(2), done(3), (4, Use::NotRun)]);

    let many = (0..10)
        .map(|_| Call::new("list_files", json!({})))
        .collect();
    let mut office = Office::new(&Script::new([Step::Call(many), Step::say("Done.")]));
    office.options.bounds.calls_per_turn = 3;
    let transcript = office.work().await;
    let not_run = transcript.entries.iter().filter(|entry| {
        matches!(
            entry,
            Entry::Used {
                came: Use::NotRun,
                ..
            }
        )
    });
    assert_eq!(not_run.count(), 7);
    let received = office.server.received(2);
    assert!(last(&received).contains("at most 3 tools"));
    assert_eq!(common::messages(&received[1]).len(), 3 + 10);
}

/// Proves E7: a conversation that grows too long ends, as does a work item that is too long to begin with.
#[tokio::test]
async fn what_is_too_long_ends() {
    let mut office = Office::new(&Script::new([read()]).repeating());
    office.options.bounds.conversation_bytes = 600;
    let transcript = office.work().await;
    let Outcome::Stopped { bound, .. } = transcript.outcome else {
        panic!("{transcript}");
    };
    assert_eq!(bound, Bound::Conversation);
    for (item, why) in [
        (NewWorkItem::new("", "x"), "no title"),
        (NewWorkItem::new("x".repeat(201), ""), "201 characters"),
        (NewWorkItem::new("x", "x".repeat(70_000)), "70000 bytes"),
        (
            NewWorkItem {
                labels: vec!["x".repeat(65)],
                ..NewWorkItem::new("x", "")
            },
            "labels",
        ),
    ] {
        let transcript = office.agent().work(item).await;
        let Outcome::Refused { why: said } = &transcript.outcome else {
            panic!("{transcript}");
        };
        assert!(said.contains(why), "{said}");
    }
}

/// A model and a delivery of an embedder's own, which panic.
struct Broken;

#[async_trait]
impl Model for Broken {
    async fn complete(&self, _: &Ask) -> Result<Answer, ProviderError> {
        panic!("no model")
    }
}

/// Says one thing, in the words of no server.
struct Brief;

#[async_trait]
impl Model for Brief {
    async fn complete(&self, _: &Ask) -> Result<Answer, ProviderError> {
        Ok(Answer {
            content: Some("Twelve bytes".to_owned()),
            ..Answer::default()
        })
    }
}

#[async_trait]
impl Delivery for Broken {
    async fn deliver(&self, run: &str, item: &WorkItem, text: &str) -> Result<(), DeliveryError> {
        assert!(run.starts_with("run-") && text == "Twelve bytes");
        match item.title.as_str() {
            "panic" => panic!("no way"),
            _ => Err(DeliveryError("the line is down".to_owned())),
        }
    }
}

/// Proves E7: models and deliveries of an embedder's own end their run alone; tokens that no server counts are estimated.
#[tokio::test]
async fn an_embedders_own_parts_fail() {
    let office = Office::new(&Script::default());
    let (host, tools) = (office.rig.host.clone(), office.tools.clone());
    let options = office.options.clone();
    let broken = Agent::new(host.clone(), Broken, tools.clone(), options.clone());
    failed(&broken.work(item()).await, "its client panicked");
    let undelivered = Agent::delivering(host, Brief, tools, options, Broken);
    let transcript = undelivered.work(item()).await;
    failed(
        &transcript,
        "the response was not delivered: the line is down",
    );
    assert_eq!(transcript.usage.completion_tokens, 3);
    assert!(transcript.usage.prompt_tokens > 0);
    let panicked = undelivered.work(NewWorkItem::new("panic", "")).await;
    failed(&panicked, "the delivery panicked");
}
