//! `run` makes one call, under limits, and prints its receipt.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{Ended, codes, plugin, portcullis, portcullis_reading, world};
use serde_json::Value;

/// Calls a plugin with everything granted, for JSON.
fn call(name: &str, what: &str, more: &[&str]) -> Ended {
    let plugin = plugin(name);
    let arguments = [
        "run", &plugin, "--call", what, "--grant", "all", "--format", "json",
    ];
    portcullis(arguments.iter().chain(more))
}

/// Proves D5 and E1: a condition of a real plugin, asked about a session of a real world.
#[test]
fn a_condition_is_asked() {
    let harbour = world("harbour");
    let result = call(
        "stealth",
        "conditions/has-disguise",
        &["--world", &harbour, "--session", "s-alys"],
    )
    .status(0)
    .json();
    assert_eq!(result["outcome"], "returned");
    assert!(result["reply"].is_boolean());
    assert_eq!(
        (&result["plugin"], &result["operation"]),
        (&"stealth".into(), &"has-disguise".into())
    );
    assert_eq!(
        result["subject"]["world"], "harbour",
        "the only world is taken"
    );
    assert!(
        result["permissions"]
            .as_array()
            .unwrap()
            .contains(&"session:read".into())
    );
}

/// Proves E2 and C3: an effect's defaults are merged in, its changes are shown, and the world file stays as it is.
#[test]
fn an_effect_shows_its_changes() {
    let harbour = world("harbour");
    let before = std::fs::read(&harbour).unwrap();
    let arguments = [
        "--world",
        &harbour,
        "--session",
        "s-alys",
        "--npc",
        "harbour-001",
    ];
    let result = call("stealth", "effects/raise-suspicion", &arguments)
        .status(0)
        .json();
    assert_eq!(result["commit"]["state"], "committed");
    let suspicion = |result: &Value| {
        let changes = result["changes"].as_array().unwrap();
        changes
            .iter()
            .find(|change| change["key"] == "suspicion")
            .unwrap()["value"]
            .clone()
    };
    assert_eq!(suspicion(&result), 10, "the manifest's default");

    let plugin = plugin("stealth");
    let arguments = [
        "run",
        &plugin,
        "--call",
        "effects/raise-suspicion",
        "--grant",
        "all",
        "--format",
        "json",
        "--input",
        "-",
        "--world",
        &harbour,
    ];
    let input =
        r#"{"subject": {"session": "s-alys", "npc": "harbour-001"}, "params": {"amount": 25}}"#;
    assert_eq!(
        suspicion(&portcullis_reading(arguments, input).status(0).json()),
        25,
        "the input's parameter"
    );
    assert_eq!(std::fs::read(&harbour).unwrap(), before);
}

/// Proves E3: a simulation provider.
#[test]
fn a_simulation_provider_is_asked() {
    let result = call(
        "performance",
        "simulation/stage",
        &["--world", &world("harbour")],
    )
    .status(0)
    .json();
    assert!(result["reply"]["crowd"].is_number());
}

/// Proves E4: each step of a plugin's life has its receipt.
#[test]
fn steps_of_the_lifecycle_can_be_called() {
    for step in ["load", "enable", "disable", "stop"] {
        let result = call("orderly", &format!("lifecycle/{step}"), &[])
            .status(0)
            .json();
        assert_eq!(
            (&result["extension"], &result["operation"]),
            (&"lifecycle".into(), &step.into())
        );
    }
    let failed = call("flawed-load", "lifecycle/load", &[]).status(1).json();
    assert_eq!(
        (&failed["outcome"], &failed["operation"]),
        (&"guest-error".into(), &"load".into())
    );
}

/// Proves P3: without grants nothing of a plugin runs, and the flags that it needs are printed.
#[test]
fn nothing_is_granted_by_itself() {
    let plugin = plugin("stealth");
    let refused = portcullis([
        "run",
        &plugin,
        "--call",
        "conditions/has-disguise",
        "--format",
        "json",
    ])
    .status(1)
    .json();
    assert_eq!(refused["outcome"], "not-run");
    assert!(
        refused["help"]
            .as_str()
            .unwrap()
            .contains("--grant session:read")
    );
    assert_eq!(refused["permissions"], Value::Array(Vec::new()));
    let text = portcullis(["run", &plugin, "--call", "conditions/has-disguise"]).status(1);
    assert!(
        text.stdout.contains("not-run") && text.stdout.contains("--grant session:read"),
        "{}",
        text.stdout
    );
}

/// Proves P3: a plugin without `session:write` that imports it is refused, the permission named; nothing of it ran.
#[test]
fn an_ungranted_import_is_refused_by_name() {
    let refused = call(
        "needs-session-write",
        "conditions/write",
        &["--session", "s"],
    )
    .status(1)
    .json();
    assert_eq!(refused["outcome"], "not-run");
    assert_eq!(codes(&refused), ["permission-missing"]);
    assert!(
        refused["problems"][0]["message"]
            .as_str()
            .unwrap()
            .contains("`session:write`")
    );
}

/// Proves X1: a plugin that never returns, and one that waits in the host, end at the deadline and not before.
#[test]
fn time_runs_out() {
    for what in ["conditions/loop-forever", "conditions/sleep-hour"] {
        let result = call("hostile", what, &["--timeout", "50ms"])
            .status(1)
            .json();
        assert_eq!(
            (&result["outcome"], &result["blame"]),
            (&"timed-out".into(), &"guest".into()),
            "{what}"
        );
        assert!(
            result["duration_ns"].as_u64().unwrap() >= 50_000_000,
            "{what} ended early: {result}"
        );
    }
    let start = call("loop-in-load", "conditions/any", &["--timeout", "50ms"])
        .status(1)
        .json();
    assert_eq!(
        (&start["outcome"], &start["operation"]),
        (&"timed-out".into(), &"load".into())
    );
}

/// Proves X2: memory ends at the limit.
#[test]
fn memory_runs_out() {
    let result = call("hostile", "conditions/memory-touch", &["--memory", "16MiB"])
        .status(1)
        .json();
    assert_eq!(result["outcome"], "out-of-memory");
    assert!(result["peak_memory_bytes"].as_u64().unwrap() <= 16 << 20);
}

/// Proves X3: a trap is a receipt.
#[test]
fn a_trap_is_a_receipt() {
    for what in [
        "conditions/panic",
        "conditions/unreachable",
        "conditions/exit",
    ] {
        let result = call("hostile", what, &[]).status(1).json();
        assert_eq!(result["outcome"], "trapped", "{what}");
    }
}

/// Proves X1: with fuel, a run is the same run each time; too little of it ends the call.
#[test]
fn fuel_makes_runs_the_same() {
    let harbour = world("harbour");
    let arguments = [
        "--fuel",
        "10000000",
        "--world",
        &harbour,
        "--session",
        "s-alys",
    ];
    let run = || {
        call("stealth", "conditions/has-disguise", &arguments)
            .status(0)
            .json()
    };
    let (first, second) = (run(), run());
    assert!(first["fuel"].as_u64().unwrap() > 0);
    assert_eq!(
        (&first["fuel"], &first["reply"]),
        (&second["fuel"], &second["reply"])
    );

    let short = call("hostile", "conditions/loop-forever", &["--fuel", "100000"])
        .status(1)
        .json();
    assert_eq!(short["outcome"], "out-of-fuel");
}

/// A call that the plugin does not have is the command line's fault; what it has is listed.
#[test]
fn an_unknown_call_lists_what_exists() {
    for arguments in [
        &["--call", "conditions/nope"][..],
        &["--call", "weather/rain"],
        &[],
    ] {
        let plugin = plugin("stealth");
        let ended = portcullis(["run", plugin.as_str()].iter().chain(arguments)).status(2);
        assert!(ended.stdout.is_empty());
        assert!(
            ended.stderr.contains("conditions/has-disguise"),
            "{}",
            ended.stderr
        );
    }
}

/// What a contribution requires must be given.
#[test]
fn missing_context_is_told() {
    let result = call(
        "stealth",
        "conditions/has-disguise",
        &["--world", &world("harbour")],
    )
    .status(2)
    .json();
    assert_eq!(result["outcome"], "not-run");
    assert!(result["help"].as_str().unwrap().contains("--session"));
}

/// Mistakes in the command line have status 2 and leave stdout empty.
#[test]
fn mistakes_in_the_command_line_are_told() {
    let stealth = plugin("stealth");
    let with = |more: &[&str]| {
        let arguments = [
            "run",
            &stealth,
            "--call",
            "conditions/has-disguise",
            "--grant",
            "all",
        ];
        let ended = portcullis(arguments.iter().chain(more)).status(2);
        assert!(ended.stdout.is_empty());
        ended.stderr
    };
    assert!(with(&["--timeout", "50"]).contains("50ms"));
    assert!(with(&["--memory", "16MIB"]).contains("MiB"));
    assert!(with(&["--input", "none.json"]).contains("none.json"));
    assert!(with(&["--world", "Cargo.toml"]).contains("Cargo.toml:1"));
    assert!(with(&["--grant", "nothing"]).contains("did you mean"));
    let arguments = [
        "run",
        &stealth,
        "--call",
        "conditions/has-disguise",
        "--grant",
        "all",
        "--input",
        "-",
    ];
    let ended = portcullis_reading(arguments, r#"{"parms": {}}"#).status(2);
    assert!(ended.stderr.contains("`params`"), "{}", ended.stderr);
}

/// Proves C7: what a plugin logs goes to stderr, a line a record, whatever is in it.
#[test]
fn logs_go_to_stderr() {
    let ended = call("hostile", "conditions/forged-log", &[]).status(0);
    ended.json();
    assert!(!ended.stderr.is_empty());
    for line in ended.stderr.lines() {
        assert!(line.contains("hostile@0.1.0"), "{line:?} is not tagged");
        assert!(!line.contains('\u{1b}'), "{line:?}");
    }
}

/// Proves C7, O3: what a plugin fails with is a line of a receipt, and of JSON one object, whatever is in it.
#[test]
fn an_error_is_one_line() {
    let hostile = plugin("hostile");
    for text in [
        "two\nlines",
        "\u{1b}[2J\u{9b}31m\u{7}",
        "\u{202e}desrever\u{2028}",
        "zero\u{200b}width \u{e0041}tag \u{feff}mark \u{3164}",
        "\"}\n{\"outcome\":\"returned\"}",
    ] {
        let input = serde_json::json!({ "params": { "error": text } }).to_string();
        for format in ["text", "json"] {
            let arguments = [
                "run",
                &hostile,
                "--call",
                "conditions/echo",
                "--grant",
                "all",
                "--input",
                "-",
                "--format",
                format,
            ];
            let ended = portcullis_reading(arguments, &input);
            let line = ended.stdout.trim_end_matches('\n');
            let hidden = line.chars().find(|c| portcullis::log_record::is_hidden(*c));
            assert_eq!(hidden, None, "{text:?}: {line:?}");
            if format == "json" {
                let receipt = ended.json();
                assert_eq!(
                    (&receipt["outcome"], &receipt["plugin"]),
                    (&"guest-error".into(), &"hostile".into())
                );
            } else {
                assert!(line.contains("guest-error") && !line.is_empty(), "{line}");
            }
        }
    }
}
