//! Looking after a host's state on the command line.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::path::Path;

use common::{Ended, portcullis};
use serde_json::{Value, json};

/// Runs a verb on the state in a directory.
fn on(directory: &Path, arguments: &[&str]) -> Ended {
    let state = directory.join("state.db");
    let state = ["--state", state.to_str().unwrap()];
    portcullis(arguments.iter().chain(&state))
}

fn json(directory: &Path, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    on(directory, &arguments).status(0).json()
}

/// A state with a world in it, after three hours of the demo.
fn after_the_demo() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let receipts = directory.path().join("receipts.jsonl");
    let demo = [
        "demo",
        "--no-build",
        "--ticks",
        "5",
        "--format",
        "json",
        "--receipts",
        receipts.to_str().unwrap(),
    ];
    on(directory.path(), &demo).status(0);
    directory
}

/// Proves C16 and O5: a demo leaves a state that is whole, whose history tells who changed what, and whose events tell who came.
#[test]
fn history_and_events_are_told() {
    let directory = after_the_demo();
    let receipts = directory.path().join("receipts.jsonl");
    let check = ["state", "check", "--receipts", receipts.to_str().unwrap()];
    let checked = json(directory.path(), &check);
    assert_eq!(checked["problems"], json!([]));
    assert!(checked["receipts"].as_u64().unwrap() > 10, "{checked}");

    let history = json(directory.path(), &["history", "plugin", "romance"]);
    let entry = &history["entries"][0];
    let call = entry["actor"]["call"].as_str().unwrap();
    let of_call = json(directory.path(), &["history", "call", call]);
    assert_eq!(of_call["entries"][0], *entry);
    let session = entry["item"]["session"].as_str().unwrap();
    let world = entry["item"]["world"].as_str().unwrap();
    let text = on(directory.path(), &["history", "session", world, session]).status(0);
    for word in ["romance@0.1.0", "sha256:", call, "the host (import)"] {
        assert!(text.stdout.contains(word), "{word}: {}", text.stdout);
    }
    let page = json(
        directory.path(),
        &["history", "world", world, "--limit", "2"],
    );
    let next = page["next"].to_string();
    let rest = json(
        directory.path(),
        &["history", "world", world, "--limit", "2", "--after", &next],
    );
    assert_ne!(page["entries"][1], rest["entries"][0]);

    let loaded = json(directory.path(), &["state", "events", "--kind", "loaded"]);
    let plugins: Vec<&str> = loaded["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event[1]["plugin"].as_str().unwrap())
        .collect();
    assert!(
        plugins.contains(&"romance") && plugins.contains(&"spinner"),
        "{plugins:?}"
    );
    let one = json(
        directory.path(),
        &["state", "events", "--plugin", "romance", "--limit", "1"],
    );
    assert_eq!(one["events"].as_array().unwrap().len(), 1);
    assert!(one["next"].is_u64(), "{one}");
    on(directory.path(), &["state", "events", "--kind", "exploded"]).status(2);
}

/// Proves that the demo continues: a second run begins at the hour where the first one ended.
#[test]
fn a_second_demo_continues() {
    let directory = after_the_demo();
    let hours = || -> Vec<u64> {
        let checked = json(directory.path(), &["state", "check"]);
        let worlds = checked["worlds"].as_array().unwrap();
        worlds
            .iter()
            .map(|world| world["hour"].as_u64().unwrap())
            .collect()
    };
    let before = hours();
    let receipts = directory.path().join("receipts.jsonl");
    let demo = |more: &[&str]| {
        let arguments = [
            "demo",
            "--no-build",
            "--ticks",
            "2",
            "--receipts",
            receipts.to_str().unwrap(),
        ];
        on(directory.path(), &[&arguments, more].concat()).status(0);
    };
    let lines = || std::fs::read_to_string(&receipts).unwrap().lines().count();
    let first = lines();
    demo(&[]);
    let on: Vec<u64> = before.iter().map(|hour| hour + 2).collect();
    assert_eq!(hours(), on);
    assert!(lines() > first);
    let metrics = directory.path().join("metrics.txt");
    demo(&["--fresh", "--metrics", metrics.to_str().unwrap()]);
    let metrics = std::fs::read_to_string(metrics).unwrap();
    assert!(
        metrics.contains("portcullis_calls_total{plugin=\"romance\""),
        "{metrics}"
    );
    let anew: Vec<u64> = before.iter().map(|hour| hour - 3).collect();
    assert_eq!(hours(), anew);
    assert!(lines() < first);
}

/// Proves E17: the plugins of a world and of its workspace are shown and changed; a world uses those that both lists name.
#[test]
fn plugins_are_chosen_for_worlds_and_workspaces() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("town.json");
    let town = json!({"world": {"id": "town", "workspace": "studio"}});
    std::fs::write(&file, town.to_string()).unwrap();
    let import = ["state", "import", file.to_str().unwrap()];
    // The workspace comes first.
    let refused = on(directory.path(), &import).status(2);
    assert!(refused.stderr.contains("studio"), "{}", refused.stderr);
    let studio = [
        "state",
        "plugins",
        "studio",
        "--workspace",
        "--set",
        "stealth,romance",
    ];
    on(directory.path(), &studio).status(0);
    on(directory.path(), &import).status(0);
    let again = on(directory.path(), &import).status(2);
    assert!(again.stderr.contains("--replace"), "{}", again.stderr);

    let town = |more: &[&str]| {
        json(
            directory.path(),
            &[&["state", "plugins", "town"], more].concat(),
        )
    };
    assert_eq!(town(&[])["uses"], json!(["romance", "stealth"]));
    let none = on(
        directory.path(),
        &["state", "plugins", "town", "--remove", "romance"],
    )
    .status(2);
    assert!(none.stderr.contains("--set"), "{}", none.stderr);
    town(&["--set", "romance,performance"]);
    assert_eq!(town(&[])["uses"], json!(["romance"]));
    town(&["--add", "stealth", "--remove", "romance"]);
    let now = town(&[]);
    assert_eq!(now["uses"], json!(["stealth"]));
    assert_eq!(now["list"], json!(["performance", "stealth"]));
    assert_eq!(town(&["--set", "none"])["uses"], json!([]));
    assert_eq!(town(&["--all"]).get("list"), None);
    on(directory.path(), &["state", "plugins", "nowhere"]).status(2);
}

/// A world goes out of the state into a file and comes back; a file that is no state is named.
#[test]
fn worlds_are_exported_and_imported() {
    let directory = after_the_demo();
    let file = directory.path().join("abbey.json");
    let output = file.to_str().unwrap();
    let export = ["state", "export", "abbey", "--output", output];
    on(directory.path(), &export).status(0);
    let other = tempfile::tempdir().unwrap();
    on(other.path(), &["state", "import", output]).status(0);
    let exported = on(other.path(), &["state", "export", "abbey"]).status(0);
    assert_eq!(exported.stdout, std::fs::read_to_string(&file).unwrap());
    let missing = on(other.path(), &["state", "export", "harbour"]).status(2);
    assert!(missing.stderr.contains("abbey"), "{}", missing.stderr);

    std::fs::write(
        other.path().join("state.db"),
        "not a database at all, but text",
    )
    .unwrap();
    let wrong = on(other.path(), &["state", "check"]).status(2);
    assert!(wrong.stderr.contains("state.db"), "{}", wrong.stderr);
    let absent = on(&other.path().join("absent"), &["history", "all"]).status(2);
    assert!(absent.stderr.contains("no such file"), "{}", absent.stderr);
}
