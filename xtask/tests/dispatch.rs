//! `hooks`, `events` and `commands` list what plugins have registered, and dispatch by hand.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{Ended, plugin, portcullis, portcullis_reading};
use serde_json::{Value, json};

/// Runs a verb on plugins with everything granted, for JSON.
fn verb(name: &str, plugins: &[&str], more: &[&str], input: &Value) -> Ended {
    let mut arguments = vec![name.to_owned()];
    arguments.extend(plugins.iter().map(|name| plugin(name)));
    arguments.extend(["--grant", "all", "--format", "json"].map(str::to_owned));
    arguments.extend(more.iter().map(|text| (*text).to_owned()));
    portcullis_reading(arguments, &input.to_string())
}

fn tool(command: &str) -> Value {
    json!({ "run": "r", "turn": 1, "call": "c", "tool": "shell", "arguments": { "command": command } })
}

/// Proves E7 and E8: the points at which plugins have handlers, in the order in which these are asked.
#[test]
fn hooks_are_listed() {
    let listed = verb("hooks", &["redact", "guardrail"], &[], &Value::Null).status(0);
    let points = listed.json()["points"].clone();
    let handlers: Vec<_> = points
        .as_array()
        .unwrap()
        .iter()
        .map(|point| {
            (
                point["name"].clone(),
                point["handlers"][0]["plugin"].clone(),
            )
        })
        .collect();
    let expected = [
        ("response.pre_deliver", "guardrail"),
        ("tool.post_exec", "redact"),
        ("tool.pre_exec", "guardrail"),
    ];
    assert_eq!(
        handlers,
        expected.map(|(point, id)| (json!(point), json!(id)))
    );
    assert_eq!(points[2]["may_block"], true);
    assert_eq!(points[2]["handlers"][0]["fail"], "closed");
}

/// Proves E8: a chain is asked by hand; one that is blocked says by whom, and is told by the status.
#[test]
fn a_chain_is_asked() {
    let at = ["--at", "tool.pre_exec", "--input", "-"];
    let harmless = verb("hooks", &["guardrail"], &at, &tool("ls"))
        .status(0)
        .json();
    assert_eq!(harmless["data"], tool("ls"));
    assert_eq!(harmless["chain"]["verdict"]["kind"], "proceed");
    let blocked = verb("hooks", &["guardrail"], &at, &tool("rm -rf /"))
        .status(1)
        .json();
    assert_eq!(
        blocked["chain"]["verdict"]["by"],
        "hook:plugin:guardrail:check-tool"
    );
    assert_eq!(blocked["chain"]["steps"][0]["call"]["outcome"], "returned");
}

/// Proves E8: the receipts are printed as a timeline.
#[test]
fn a_chain_is_a_timeline() {
    let guardrail = plugin("guardrail");
    let arguments = [
        "hooks",
        &guardrail,
        "--grant",
        "all",
        "--at",
        "tool.pre_exec",
        "--input",
        "-",
    ];
    let told = portcullis_reading(arguments, &tool("rm -rf /").to_string()).status(1);
    let lines: Vec<_> = told.stdout.lines().collect();
    assert!(
        lines[0].contains("tool.pre_exec") && lines[0].contains("blocked by"),
        "{lines:?}"
    );
    assert!(
        lines[1].contains("hook:plugin:guardrail:check-tool blocks"),
        "{lines:?}"
    );
    assert!(lines[2].starts_with("data: {"), "{lines:?}");
}

/// Proves M10: a point that the host does not have, and data that does not fit, are told with what there is.
#[test]
fn what_cannot_be_asked_is_told() {
    let at = ["--at", "tool.pre", "--input", "-"];
    let unknown = verb("hooks", &["guardrail"], &at, &tool("ls")).status(2);
    assert!(
        unknown.stderr.contains("tool.pre_exec"),
        "{}",
        unknown.stderr
    );
    let at = ["--at", "tool.pre_exec", "--input", "-"];
    let wrong = verb("hooks", &["guardrail"], &at, &json!({ "tool": 1 })).status(2);
    assert!(wrong.stderr.contains("does not fit"), "{}", wrong.stderr);
    let ungranted = portcullis(["hooks", &plugin("guardrail")]).status(1);
    assert!(
        ungranted.stderr.contains("--grant hook:handle"),
        "{}",
        ungranted.stderr
    );
}

/// Proves E9 and C8: who hears what, who may emit what, and what an event brings about.
#[test]
fn events_are_listed_and_emitted() {
    let listed = verb("events", &["messenger"], &[], &Value::Null)
        .status(0)
        .json();
    let heard = listed["handlers"].as_array().unwrap();
    assert!(
        heard
            .iter()
            .any(|one| one["subject"] == "plugin.messenger.asked")
    );
    assert_eq!(listed["emitters"][0]["plugin"], "messenger");

    let emit = ["--emit", "plugin.messenger.noted", "--input", "-"];
    let emitted = verb("events", &["messenger"], &emit, &json!("a note"))
        .status(0)
        .json();
    let calls = emitted["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls[0]["what"]["call"]["operation"], "notes");

    let nobody = verb(
        "events",
        &["messenger"],
        &["--emit", "elsewhere", "--request", "1s"],
        &Value::Null,
    );
    let nobody = nobody.status(1).json();
    assert_eq!(nobody["error"], "nobody hears this subject");
}

/// Proves E10: commands are listed with their arguments, given by name or alias, and go on in conversations.
#[test]
fn commands_are_listed_and_given() {
    let listed = verb("commands", &["clerk"], &[], &Value::Null)
        .status(0)
        .json();
    let greets = &listed["commands"][0];
    assert_eq!(
        (&greets["name"], &greets["aliases"][0]),
        (&json!("greets"), &json!("hello"))
    );
    assert!(greets["arguments"]["properties"].get("name").is_some());

    let hello = ["--invoke", "hello", "--input", "-"];
    let given = verb("commands", &["clerk"], &hello, &json!({ "name": "Ada" }))
        .status(0)
        .json();
    assert_eq!(
        given["answers"][0]["answer"]["reply"]["result"],
        "hello Ada"
    );
    verb("commands", &["clerk"], &hello, &json!({ "nam": "Ada" })).status(1);

    let talk = [
        "--invoke",
        "converses",
        "--said",
        "hi",
        "--said",
        "bye",
        "--said",
        "never",
        "--thread",
        "t",
    ];
    let talked = verb("commands", &["clerk"], &talk, &Value::Null)
        .status(0)
        .json();
    assert_eq!(talked["answers"].as_array().unwrap().len(), 3, "{talked}");
    assert_eq!(talked["unsaid"], 1, "`never` was not said");
    let unknown = verb("commands", &["clerk"], &["--invoke", "greet"], &Value::Null).status(2);
    assert!(unknown.stderr.contains("greets"), "{}", unknown.stderr);
}
