//! Security levels on the command line.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{plugin, portcullis};
use serde_json::Value;

fn level<'a>(levels: &'a Value, name: &str) -> &'a Value {
    let mut all = levels["levels"].as_array().unwrap().iter();
    all.find(|level| level["level"] == name).unwrap()
}

fn granted<'a>(levels: &'a Value, name: &str, permission: &str) -> &'a Value {
    let mut rows = level(levels, name)["permissions"]
        .as_array()
        .unwrap()
        .iter();
    &rows.find(|row| row["permission"] == permission).unwrap()["granted"]
}

/// Proves P8: the four levels, in full, as JSON and side by side as text; and that none of them changes where a plugin runs.
#[test]
fn the_levels_are_compared() {
    let levels = portcullis(["levels", "--format", "json"]).status(0).json();
    assert_eq!(levels["levels"].as_array().unwrap().len(), 4);
    for (name, secrets, flags) in [
        ("minimal", "yes", "yes"),
        ("standard", "switch", "yes"),
        ("strict", "never", "yes"),
        ("isolated", "never", "narrowed"),
    ] {
        assert_eq!(granted(&levels, name, "secret:read"), secrets, "{name}");
        assert_eq!(granted(&levels, name, "session:read"), flags, "{name}");
        assert_eq!(level(&levels, name)["placement"], "in the host's process");
    }
    assert_eq!(level(&levels, "standard")["limits"]["wall_ms"], 1_000);
    assert!(level(&levels, "isolated")["limits"]["fuel"].is_u64());
    let text = portcullis(["levels"]).status(0).stdout;
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
    for part in ["MINIMAL", "STANDARD", "STRICT", "ISOLATED"] {
        assert!(line("LEVEL").contains(part), "{text}");
    }
    assert_eq!(
        line("placement").matches("in the host's process").count(),
        4
    );
    assert!(line("plugin:call").contains("never"), "{text}");
    assert!(line("limits.memory_bytes").contains("67108864"), "{text}");
}

/// Proves P8: `explain`, `validate` and `run` decide as a host of the level would.
#[test]
fn a_level_changes_the_decision() {
    let stealth = plugin("stealth");
    for (level, granted) in [("minimal", true), ("strict", true), ("isolated", false)] {
        let status = i32::from(!granted);
        let explained = ["explain", "--format", "json", &stealth, "--level", level];
        assert_eq!(
            portcullis(explained).status(status).json()["granted"],
            granted
        );
        let validated = ["validate", "--format", "json", &stealth, "--level", level];
        assert_eq!(
            portcullis(validated).status(status).json()["valid"],
            granted
        );
    }
    let orderly = plugin("orderly");
    let ran = |level: &str| {
        let call = ["run", &orderly, "--call", "conditions/first-condition"];
        let flags = ["--grant", "all", "--format", "json", "--level", level];
        let result = portcullis(call.iter().chain(&flags)).status(0).json();
        assert_eq!(result["reply"], true, "{result}");
        result
    };
    assert!(ran("strict")["fuel"].is_null());
    assert!(ran("isolated")["fuel"].as_u64().unwrap() > 0);
    let unknown = portcullis(["explain", &stealth, "--level", "paranoid"]).status(2);
    assert!(unknown.stderr.contains("isolated"), "{}", unknown.stderr);
}

/// Proves P4: every dangerous permission takes a switch, which the command line knows by name.
#[test]
fn a_dangerous_permission_takes_a_switch() {
    let lists = portcullis(["permissions", "--format", "json"])
        .status(0)
        .json();
    for row in lists["permissions"].as_array().unwrap() {
        assert_eq!(row["host_switch"], row["danger"].is_string(), "{row}");
    }
    let stealth = plugin("stealth");
    portcullis(["explain", &stealth, "--switch-on", "secret:read"]).status(0);
    let misspelt = portcullis(["explain", &stealth, "--switch-on", "secrets:read"]).status(2);
    assert!(
        misspelt.stderr.contains("`secret:read`"),
        "{}",
        misspelt.stderr
    );
}
