//! `run` with a configuration and secrets; `explain` and `validate` show what can be set.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{Ended, codes, command, plugin, portcullis};

const SECRET: &str = "sk-alder-birch-cedar";

/// Asks a condition of `confidant`, with the secret in the environment.
fn ask(call: &str, input: &str, more: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("input.json");
    std::fs::write(&file, format!(r#"{{"params": {input}}}"#)).unwrap();
    let plugin = plugin("confidant");
    let arguments = [
        "run",
        &plugin,
        "--call",
        call,
        "--grant",
        "all",
        "--switch-on",
        "secret:read",
        "--format",
        "json",
        "--input",
        file.to_str().unwrap(),
    ];
    let mut command = command(arguments.iter().chain(more));
    command.env("CONFIDANT_TOKEN", SECRET);
    let ended = Ended::of(command.output().unwrap());
    assert!(!ended.stdout.contains(SECRET), "{}", ended.stdout);
    assert!(!ended.stderr.contains(SECRET), "{}", ended.stderr);
    ended
}

const TOKEN: [&str; 2] = ["--secret", "token=CONFIDANT_TOKEN"];

/// Proves M6 and D5: the plugin gets what the command line sets, over a file, over the defaults.
#[test]
fn a_plugin_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    let values = folder.path().join("values.json");
    std::fs::write(&values, r#"{"lines": 2, "tone": "dry"}"#).unwrap();
    let flags = [
        "--config",
        values.to_str().unwrap(),
        "--set",
        "lines=4",
        TOKEN[0],
        TOKEN[1],
    ];
    let expected = r#"{"expect": {"lines": 4, "tone": "dry", "voice": {"pitch": 0.5}}}"#;
    let result = ask("conditions/read-all", expected, &flags)
        .status(0)
        .json();
    assert_eq!(result["reply"], true, "{result}");
}

/// Proves M6: a secret comes from the environment, and what the plugin prints of it is hidden.
#[test]
fn a_secret_is_set_and_hidden() {
    let expected = format!(r#"{{"key": "token", "expect": "{SECRET}"}}"#);
    let result = ask("conditions/read-secret", &expected, &TOKEN)
        .status(0)
        .json();
    assert_eq!(result["reply"], true, "{result}");
    let leaked = ask("conditions/leak", r#"{"how": "log"}"#, &TOKEN).status(0);
    assert!(leaked.stderr.contains("[secret]"), "{}", leaked.stderr);
}

/// Proves M6 and D5: what does not fit is told by its key, with the flags that set it, and is a mistake of the command line.
#[test]
fn wrong_settings_are_told() {
    let missing = ask("conditions/read-all", "{}", &[]).status(2).json();
    assert_eq!(codes(&missing), ["missing-key"]);
    assert!(missing["help"].as_str().unwrap().contains("--secret"));
    let unknown = ask(
        "conditions/read-all",
        "{}",
        &["--set", "tine=1", TOKEN[0], TOKEN[1]],
    );
    let unknown = unknown.status(2).json();
    assert_eq!(unknown["problems"][0]["hint"], "did you mean `tone`?");
    for wrong in [
        ["--set", "tone=wry"],
        ["--set", "tone"],
        ["--secret", "token=CONFIDANT_NO_SUCH_VARIABLE"],
        ["--secret", "token"],
        ["--config", "no-such-file.json"],
    ] {
        ask("conditions/read-all", "{}", &wrong).status(2);
    }
}

/// Proves M6 and D3: the keys are shown, with what an operator must know of each.
#[test]
fn keys_are_shown() {
    let file = plugin("confidant");
    for verb in ["explain", "validate"] {
        let result = portcullis([verb, "--format", "json", &file]).json();
        let keys = result["configuration"].as_array().unwrap();
        assert_eq!(keys.len(), 6, "{verb}");
        let token = keys.iter().find(|key| key["name"] == "token").unwrap();
        assert_eq!(
            (&token["secret"], &token["required"]),
            (&true.into(), &true.into())
        );
        let text = portcullis([verb, &file]).stdout;
        let line = text.lines().find(|line| line.starts_with("tone")).unwrap();
        for part in ["string", "default \"wry\"", "How it talks."] {
            assert!(line.contains(part), "{verb}: {line}");
        }
        assert!(
            text.lines()
                .any(|line| line.starts_with("token") && line.contains("secret"))
        );
    }
}
