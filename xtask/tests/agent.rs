//! `demo agent`: an agent whose model is a process with a script, and three plugins.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::path::Path;

use common::{command, portcullis, root};
use portcullis_scripted::{Process, Script, Step};
use serde_json::{Value, json};

/// The demo with the plugins that are built, in a directory of its own.
fn demo(files: &Path, more: &[&str]) -> common::Ended {
    let plugins = root().join("target/plugins");
    let directories = [plugins.to_str().unwrap(), files.to_str().unwrap()];
    let [plugins, files] = directories;
    let arguments = [
        "demo",
        "agent",
        "--no-build",
        "--plugins",
        plugins,
        "--files",
        files,
    ];
    portcullis(arguments.iter().chain(more).copied())
}

/// Proves E7 and E8: in a conversation with two tool calls each of the three plugins acts, and the transcript and the timeline show it.
#[test]
fn each_plugin_acts() {
    let files = tempfile::tempdir().unwrap();
    let ended = demo(files.path(), &[]).status(0);
    let shown = |text: &str| assert!(ended.stdout.contains(text), "{text}\n{}", ended.stdout);
    // The transcript.
    shown("user: Check the shop's settings");
    shown("turn 1: small, at most 400 tokens");
    shown("DATABASE_PASSWORD=[redacted: password]");
    shown("SUPPORT=[redacted: e-mail address]");
    shown("write_file was refused by hook:plugin:guardrail:check-tool");
    shown("tool: refused: keys and the repository's own files are not for tools");
    shown("delivered: The shop uses the database at db.internal");
    shown("that is [...].");
    shown("This was written by a program.");
    shown("ended: delivered");
    // What plugins did, there and in the timeline.
    for handler in [
        "hook:plugin:budget:limit",
        "hook:plugin:budget:count",
        "hook:plugin:guardrail:check-tool",
        "hook:plugin:guardrail:edit-response",
        "hook:plugin:redact:hide-secrets",
    ] {
        let (_, timeline) = ended.stdout.split_once("\ntimeline\n").unwrap();
        assert!(timeline.contains(handler), "{handler}\n{timeline}");
    }
    assert!(!ended.stdout.contains("\nno "), "{}", ended.stdout);
    for secret in ["correct-horse", "sk-demo", "help@gull"] {
        assert!(!ended.stdout.contains(secret), "{secret}\n{}", ended.stdout);
    }
    assert!(!files.path().join(".git").exists());
}

/// Proves E7: without its plugin each harm is done, so that it is the plugin that keeps it away.
#[test]
fn without_the_plugins_the_harm_is_done() {
    for (plugin, lost) in [("redact", 1), ("guardrail", 2), ("budget", 1)] {
        let files = tempfile::tempdir().unwrap();
        let ended = demo(files.path(), &["--without", plugin, "--format", "json"]).status(0);
        let report = ended.json();
        let shown = report["shown"].as_array().unwrap();
        let unseen: Vec<_> = shown
            .iter()
            .filter(|shown| shown["seen"] == Value::Bool(false))
            .map(|shown| shown["plugin"].as_str().unwrap())
            .collect();
        assert_eq!(unseen, vec![plugin; lost]);
        let is_written = files.path().join(".git/hooks/post-commit").exists();
        assert_eq!(is_written, plugin == "guardrail");
        assert_eq!(report["transcript"]["outcome"]["kind"], "delivered");
    }
}

/// Proves E7: a server of the user's own is asked for the model that the user names, and its answers are what is done.
#[test]
fn a_server_of_the_users_own() {
    let files = tempfile::tempdir().unwrap();
    let script = Script::new([
        Step::call("read_file", json!({"path": "orders.csv"})),
        Step::say("Wednesday was best."),
    ]);
    let server = Process::start(command(["demo", "scripted-model"]), &script).unwrap();
    let more = ["--texts-from", server.base_url(), "--model", "own"];
    let ended = demo(files.path(), &more).status(0);
    assert!(
        ended.stdout.contains("delivered: Wednesday was best."),
        "{}",
        ended.stdout
    );
    let received = server.received(2);
    assert_eq!(received[0].body["model"], "own");
    assert_eq!(received[0].body["max_tokens"], 400);
    let told = &received[1].body["messages"][3]["content"];
    assert!(told.as_str().unwrap().contains("Wednesday,57"));
}

/// A server that is not there, a plugin that is not, a model without a server, and files that are not the demo's.
#[test]
fn the_options_are_checked() {
    let files = tempfile::tempdir().unwrap();
    let ended = demo(files.path(), &["--without", "gossip"]).status(2);
    assert!(ended.stderr.contains("it has budget, guardrail, redact"));
    demo(files.path(), &["--model", "x"]).status(2);
    let ended = demo(files.path(), &["--texts-from", "ftp://x"]).status(2);
    assert!(ended.stderr.contains("neither http nor https"));

    // A directory of the user's own is left as it is.
    let own = tempfile::tempdir().unwrap();
    std::fs::write(own.path().join("settings.env"), "mine").unwrap();
    let ended = demo(own.path(), &[]).status(2);
    assert!(ended.stderr.contains("files that are not the demo's"));
    let left = std::fs::read_to_string(own.path().join("settings.env")).unwrap();
    assert_eq!(left, "mine");
}
