//! A conversation with a real server process, all nine hook points, and what plugins change there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{Office, last, messages, nothing};
use portcullis_agent::{Entry, Outcome, Transcript, Usage, Use, WorkItem};
use portcullis_scripted::{Call, Script, Step};
use serde_json::{Value, json};

/// Two tool calls, then an answer.
fn two_calls() -> Script {
    Script::new([
        Step::call("read_file", json!({"path": "notes.txt"})),
        Step::call("write_file", json!({"path": "sum.txt", "text": "milk"})),
        Step::say("It says: milk."),
    ])
    .key("sk-right")
}

fn uses(transcript: &Transcript) -> Vec<(String, Use)> {
    let used = transcript.entries.iter().filter_map(|entry| match entry {
        Entry::Used { tool, came, .. } => Some((tool.clone(), came.clone())),
        _ => None,
    });
    used.collect()
}

/// Proves E7: an agent with two tool calls, from the work item to the delivered response, without any plugin.
#[tokio::test]
async fn a_conversation_with_two_tool_calls() {
    let office = Office::new(&two_calls());
    let mut endpoint = office.endpoint();
    endpoint.api_key = Some("sk-right".into());
    let transcript = office.agent_at(&endpoint).work(common::item()).await;
    assert_eq!(transcript.outcome, Outcome::Delivered, "{transcript}");
    assert_eq!(transcript.response(), Some("It says: milk."));
    let written = std::fs::read_to_string(office.file("sum.txt")).unwrap();
    assert_eq!(written, "milk");

    let received = office.server.received(3);
    assert_eq!(received.len(), 3);
    assert_eq!(received[0].key.as_deref(), Some("sk-right"));
    let body = &received[0].body;
    assert_eq!(
        (&body["model"], &body["max_tokens"]),
        (&json!("large"), &json!(1_024))
    );
    let tools = body["tools"].as_array().unwrap().iter();
    let tools: Vec<_> = tools
        .map(|tool| tool["function"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(tools, ["list_files", "read_file", "write_file"]);
    let roles: Vec<_> = messages(&received[2])
        .into_iter()
        .map(|(role, _)| role)
        .collect();
    assert_eq!(
        roles,
        ["system", "user", "assistant", "tool", "assistant", "tool"]
    );
    let answered = &received[1].body["messages"][3];
    assert_eq!(
        (&answered["content"], &answered["tool_call_id"]),
        (&json!("buy milk\n"), &json!("call-0-0"))
    );
    let said: Vec<_> = transcript.messages().map(|said| &*said.role).collect();
    assert_eq!(said[..6], roles);
    assert_eq!(transcript.usage.answers, 3);
    assert_eq!(transcript.usage.prompt_tokens, 300);
}

/// Proves E7: all nine points are reached, in order, with the right data, about the right subject; each chain is in the transcript.
#[tokio::test]
async fn all_nine_hook_points_are_reached() {
    let mut script = two_calls();
    script.steps.remove(1);
    script.key = None;
    let office = Office::new(&script).with_scribe(nothing(), nothing()).await;
    let transcript = office.work().await;
    assert_eq!(transcript.outcome, Outcome::Delivered, "{transcript}");
    let seen = office.seen();
    let expected = [
        "work_item.pre_create",
        "work_item.post_create",
        "run.pre_prompt",
        "model.pre_call",
        "model.post_call",
        "tool.pre_exec",
        "tool.post_exec",
        "model.pre_call",
        "model.post_call",
        "response.pre_deliver",
        "response.post_deliver",
    ];
    assert_eq!(office.points(), expected);
    let chains: Vec<_> = transcript
        .chains
        .iter()
        .map(|chain| &*chain.point)
        .collect();
    assert_eq!(chains, expected);
    for seen in &seen {
        let about = (&seen["world"], &seen["session"]);
        assert_eq!(about, (&json!("alpha"), &json!(transcript.run)));
    }
    for receipt in transcript.receipts() {
        assert_eq!(receipt.subject.caller_id().map(|id| &**id), Some("ada"));
    }
    let item = transcript.work_item.as_ref().unwrap();
    let run = transcript.run.as_str();
    let data = |number: usize| seen[number]["data"].clone();
    let created = json!({"title": "Sum up", "description": "Sum up notes.txt.", "labels": [], "requester": "ada"});
    assert_eq!(data(0), created);
    let mut with_id = created;
    with_id["id"] = json!(item.id);
    assert_eq!(data(1), with_id);
    assert_eq!(data(2)["prompt"], "Sum up\n\nSum up notes.txt.");
    assert_eq!(
        data(2)["tools"],
        json!(["list_files", "read_file", "write_file"])
    );
    assert_eq!(data(2)["work_item"], json!(item.id));
    let asked = data(7);
    assert_eq!(
        (&asked["turn"], &asked["model"], &asked["max_tokens"]),
        (&json!(2), &json!("large"), &json!(1_024))
    );
    assert_eq!(asked["messages"][3]["content"], "buy milk\n");
    assert!(asked["prompt_tokens"].as_u64().unwrap() > data(3)["prompt_tokens"].as_u64().unwrap());
    let call = json!({"id": "call-0-0", "tool": "read_file", "arguments": {"path": "notes.txt"}});
    assert_eq!(data(4)["tool_calls"], json!([call]));
    assert_eq!(data(4)["prompt_tokens"], 100);
    let used = json!({
        "run": run, "turn": 1, "call": "call-0-0", "tool": "read_file", "arguments": {"path": "notes.txt"},
    });
    assert_eq!(data(5), used);
    let mut after = used;
    after["output"] = json!("buy milk\n");
    after["failed"] = json!(false);
    assert_eq!(data(6), after);
    let response = json!({"run": run, "work_item": item.id, "text": "It says: milk."});
    assert_eq!((data(9), data(10)), (response.clone(), response));
    // The transcript is what it is on paper too.
    let written = serde_json::to_string(&transcript).unwrap();
    let read: Transcript = serde_json::from_str(&written).unwrap();
    assert_eq!(read.to_string(), transcript.to_string());
    assert_eq!(transcript.receipts().count(), expected.len());
}

/// Proves E7: what plugins change is what is used, at every point that lets them.
#[tokio::test]
async fn what_plugins_change_is_used() {
    let mut script = two_calls();
    script.key = None;
    script.steps.remove(1);
    let change = json!({
        "work_item.pre_create": {"title": "Count", "labels": ["a"], "requester": "eve"},
        "run.pre_prompt": {"system": "", "prompt": "Count!", "tools": ["read_file", "shell"]},
        "model.pre_call": {"model": "small", "max_tokens": 7, "temperature": 0.5},
        "model.post_call": {"content": "Changed."},
        "tool.pre_exec": {"arguments": {"path": "other.txt"}},
        "tool.post_exec": {"output": "[hidden]"},
        "response.pre_deliver": {"text": "Delivered."},
    });
    let office = Office::new(&script).with_scribe(nothing(), change).await;
    std::fs::write(office.file("other.txt"), "other").unwrap();
    let transcript = office.work().await;
    assert_eq!(transcript.response(), Some("Delivered."), "{transcript}");
    let item = transcript.work_item.as_ref().unwrap();
    assert_eq!(
        (&*item.title, &*item.labels),
        ("Count", &["a".to_owned()][..])
    );
    assert_eq!(
        item.requester.as_deref(),
        Some("ada"),
        "not theirs to change"
    );
    let received = office.server.received(2);
    let body = &received[1].body;
    let sent = (&body["model"], &body["max_tokens"], &body["temperature"]);
    assert_eq!(sent, (&json!("small"), &json!(7), &json!(0.5)));
    assert_eq!(body["tools"].as_array().unwrap().len(), 1);
    let said = |role: &str, text: &str| (role.to_owned(), text.to_owned());
    assert_eq!(
        messages(&received[1]),
        [
            said("user", "Count!"),
            said("assistant", "Changed."),
            said("tool", "[hidden]")
        ]
    );
    let output = &office.seen()[6]["data"]["output"];
    assert_eq!(output, "other", "the tool got the changed arguments");
    assert!(
        !serde_json::to_string(&transcript)
            .unwrap()
            .contains("\"other\"")
    );
}

/// Proves E7: changed messages go for one request; the conversation stays what was said.
#[tokio::test]
async fn changed_messages_go_for_one_request() {
    let mut script = two_calls();
    script.key = None;
    script.steps.remove(1);
    let only = json!([{"role": "user", "content": "only this"}]);
    let change = json!({"model.pre_call": {"messages": only}});
    let office = Office::new(&script).with_scribe(nothing(), change).await;
    let transcript = office.work().await;
    for received in office.server.received(2) {
        assert_eq!(messages(&received).len(), 1);
    }
    assert_eq!(transcript.messages().count(), 5);
    let sent = transcript
        .entries
        .iter()
        .filter(|entry| matches!(entry, Entry::Asked { sent: Some(sent), .. } if sent.len() == 1));
    assert_eq!(sent.count(), 2);
}

/// Proves E7: a block ends the run at each of the points before something happens, and nothing happens after it.
#[tokio::test]
async fn a_block_ends_the_run() {
    for (point, asked) in [
        ("work_item.pre_create", 0),
        ("run.pre_prompt", 0),
        ("model.pre_call", 0),
        ("response.pre_deliver", 1),
    ] {
        let block = json!({ point: "not today" });
        let office = Office::new(&Script::new([Step::say("Done.")]))
            .with_scribe(block, nothing())
            .await;
        let transcript = office.work().await;
        let expected = Outcome::Blocked {
            point: point.to_owned(),
            by: format!("hook:plugin:scribe:{}", point.replace(['.', '_'], "-")),
            reason: "not today".to_owned(),
        };
        assert_eq!(transcript.outcome, expected);
        assert_eq!(office.points().last().unwrap(), point);
        assert_eq!(office.server.received(asked).len(), asked, "{point}");
        assert_eq!(transcript.response(), None);
        let is_created = point != "work_item.pre_create";
        assert_eq!(transcript.work_item.is_some(), is_created, "{point}");
    }
}

/// Proves E7: a block where something has happened already ends nothing.
#[tokio::test]
async fn a_block_after_the_fact_ends_nothing() {
    let block = json!({
        "work_item.post_create": "late", "model.post_call": "late", "response.post_deliver": "late",
    });
    let office = Office::new(&Script::new([Step::say("Done.")]))
        .with_scribe(block, nothing())
        .await;
    let transcript = office.work().await;
    assert_eq!(transcript.outcome, Outcome::Delivered, "{transcript}");
}

/// Proves E7: a tool that is blocked is not used, and the model is told why; the run goes on.
#[tokio::test]
async fn a_blocked_tool_is_refused() {
    let block = json!({"tool.pre_exec": "no files today"});
    let office = Office::new(&Script::new([
        Step::call("write_file", json!({"path": "sum.txt", "text": "milk"})),
        Step::say("I may not."),
    ]));
    let office = office.with_scribe(block, nothing()).await;
    let transcript = office.work().await;
    assert_eq!(transcript.response(), Some("I may not."));
    assert_eq!(last(&office.server.received(2)), "refused: no files today");
    assert!(!office.file("sum.txt").exists());
    assert!(!office.points().contains(&"tool.post_exec".to_owned()));
    let expected = Use::Refused {
        by: "hook:plugin:scribe:tool-pre-exec".to_owned(),
        reason: "no files today".to_owned(),
    };
    assert_eq!(uses(&transcript), [("write_file".to_owned(), expected)]);
}

/// Proves E7: output that is blocked is withheld from the model and from the transcript.
#[tokio::test]
async fn blocked_output_is_withheld() {
    let block = json!({"tool.post_exec": "too much"});
    let office = Office::new(&Script::new([
        Step::call("read_file", json!({"path": "notes.txt"})),
        Step::say("I could not see it."),
    ]));
    let office = office.with_scribe(block, nothing()).await;
    let transcript = office.work().await;
    assert_eq!(
        last(&office.server.received(2)),
        "the output was withheld: too much"
    );
    assert!(matches!(
        &uses(&transcript)[..],
        [(_, Use::Withheld { .. })]
    ));
    assert!(!serde_json::to_string(&transcript).unwrap().contains("milk"));
}

/// Proves E7: a plugin that leaves a work item without a title, or arguments that do not fit, is told from one that leaves them sound.
#[tokio::test]
async fn what_plugins_spoil_is_refused() {
    let change = json!({"work_item.pre_create": {"title": " "}});
    let office = Office::new(&Script::default())
        .with_scribe(nothing(), change)
        .await;
    let transcript = office.work().await;
    let why = "the work item has no title".to_owned();
    assert_eq!(transcript.outcome, Outcome::Refused { why });

    let change = json!({"tool.pre_exec": {"arguments": {"path": 7}}});
    let office = Office::new(&Script::new([
        Step::call("read_file", json!({"path": "notes.txt"})),
        Step::say("Hm."),
    ]));
    let office = office.with_scribe(nothing(), change).await;
    let transcript = office.work().await;
    let told = last(&office.server.received(2));
    assert!(
        told.starts_with("error: as a plugin changed them, "),
        "{told}"
    );
    assert_eq!(uses(&transcript), [("read_file".to_owned(), Use::NotRun)]);
}

/// Proves E7: a run on a work item that is there reaches no point of its creation, and two tools of one turn are used one after the other.
#[tokio::test]
async fn a_work_item_that_is_there() {
    let calls = vec![
        Call::new("read_file", json!({"path": "notes.txt"})),
        Call::new("list_files", Value::Null),
    ];
    let script = Script::new([Step::Call(calls), Step::say("Done.")]);
    let office = Office::new(&script).with_scribe(nothing(), nothing()).await;
    let item = WorkItem {
        id: "item-7".to_owned(),
        title: "Look".to_owned(),
        description: String::new(),
        labels: Vec::new(),
        requester: None,
    };
    let transcript = office.agent().run(item).await;
    assert_eq!(transcript.outcome, Outcome::Delivered, "{transcript}");
    assert_eq!(office.points()[0], "run.pre_prompt");
    let seen = office.seen();
    let tools: Vec<_> = seen[3..7]
        .iter()
        .map(|seen| {
            (
                seen["point"].as_str().unwrap(),
                seen["data"]["call"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("tool.pre_exec", "call-0-0"),
        ("tool.post_exec", "call-0-0"),
        ("tool.pre_exec", "call-0-1"),
        ("tool.post_exec", "call-0-1"),
    ];
    assert_eq!(tools, expected);
    let Usage { answers, .. } = transcript.usage;
    assert_eq!(answers, 2);
}
