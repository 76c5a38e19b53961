#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod activation;
mod bounds;
mod config;
mod raw_tables;

use serde_json::json;

use super::*;
use crate::problem::Problem;

const WHOLE: &str = r#"
[plugin]
id = "stealth"
name = "Stealth"
version = "0.1.0"
description = "Disguises and suspicion."
authors = ["Portcullis contributors"]
license = "MIT OR Apache-2.0"
homepage = "https://example.org/stealth"
kind = "event-handler"

[compatibility]
host = ">=0.1, <0.2"

[permissions."session:read"]
reason = "Looks up the player's disguise."
scope = { namespaces = ["host"], most = 0x1_0, share = 0.5, since = 2024-01-02 }

[permissions."group:behavior"]
reason = "Adds conditions."
optional = true

[[contributes.effects]]
name = "raise-suspicion"
defaults = { amount = 10 }

[[contributes.conditions]]
name = "has-disguise"
description = "The player wears a disguise."
requires = ["session"]

[[contributes.conditions]]
name = "raise-suspicion"
file = "conditions/raise.json"

[dependencies]
other-plugin = ">=1, <2"

[limits]
wall_ms = 50
memory_bytes = 16777216
table_elements = 10000
handles = 200
result_bytes = 65536
log_records = 100
host_calls = 1000
reads = 500
random_bytes = 4096
fuel = 1000000
"#;

const PLUGIN: &str = "[plugin]\nid = \"my-plugin\"\nname = \"Mine\"\nversion = \"0.1.0\"\n";

fn parse(text: &str) -> Result<Manifest, ManifestError> {
    Manifest::parse("plugin.toml", text)
}

fn problems(text: &str) -> Vec<Problem> {
    parse(text).unwrap_err().problems
}

/// The only problem of a valid `[plugin]` followed by `rest`, with its line in `rest` and its column.
fn problem(rest: &str) -> (&'static str, u32, u32) {
    let found = problems(&format!("{PLUGIN}{rest}"));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].hint.is_some(), "{found:#?}");
    let place = found[0].location.as_ref().unwrap();
    assert_eq!(place.file, "plugin.toml");
    (found[0].code, place.line - 4, place.column)
}

/// Proves M1, M2, M3, M4, M5, M7.
#[test]
fn a_whole_manifest() {
    let manifest = parse(WHOLE).unwrap();
    assert_eq!(manifest.id.as_str(), "stealth");
    assert_eq!(manifest.name, "Stealth");
    assert_eq!(manifest.version, Version::new(0, 1, 0));
    assert_eq!(
        manifest.description.as_deref(),
        Some("Disguises and suspicion.")
    );
    assert_eq!(manifest.authors, ["Portcullis contributors"]);
    assert_eq!(manifest.license.as_deref(), Some("MIT OR Apache-2.0"));
    assert_eq!(
        manifest.homepage.as_deref(),
        Some("https://example.org/stealth")
    );
    assert_eq!(manifest.kind, Kind::EventHandler);
    assert!(manifest.host.matches(&Version::new(0, 1, 7)));
    assert!(!manifest.host.matches(&Version::new(0, 2, 0)));

    let [session, behavior] = manifest.permissions.as_slice() else {
        panic!()
    };
    assert_eq!(session.permission, "session:read");
    assert!(!session.optional && behavior.optional);
    assert_eq!(session.location.line, 15);
    let scope = session.scope.as_ref().unwrap();
    let json = json!({ "namespaces": ["host"], "most": 16, "share": 0.5, "since": "2024-01-02" });
    assert_eq!(scope.to_json(), json);
    assert!(behavior.scope.is_none());

    let order: Vec<_> = manifest
        .contributes
        .iter()
        .map(|c| c.extension.as_str())
        .collect();
    assert_eq!(order, ["effects", "conditions", "conditions"]);
    assert_eq!(manifest.contributes[0].table.location().line, 23);
    assert_eq!(manifest.dependencies.len(), 1);
    assert_eq!(manifest.limits.wall_ms, Some(50));
    assert_eq!(manifest.limits.fuel, Some(1_000_000));
}

#[test]
fn defaults() {
    let manifest = parse(PLUGIN).unwrap();
    assert_eq!(manifest.kind, Kind::Feature);
    assert!(!manifest.stateless);
    assert!(
        parse(&format!("{PLUGIN}stateless = true\n"))
            .unwrap()
            .stateless
    );
    assert_eq!(manifest.host, VersionReq::STAR);
    assert_eq!(manifest.limits, RequestedLimits::default());
    assert!(manifest.permissions.is_empty() && manifest.contributes.is_empty());
}

/// Proves M10: each fault has its code, its line, its column and a hint.
#[test]
fn each_fault_names_its_place() {
    let cases = [
        ("licence = \"MIT\"", ("unknown-key", 1, 1)),
        ("[plugins]", ("unknown-key", 1, 2)),
        ("kind = \"featur\"", ("bad-value", 1, 8)),
        ("authors = \"me\"", ("wrong-type", 1, 11)),
        ("stateless = \"yes\"", ("wrong-type", 1, 13)),
        ("homepage = \"ftp://x\"", ("bad-url", 1, 12)),
        ("homepage = \"https://me@x.org\"", ("bad-url", 1, 12)),
        ("description = \"a\\u202Eb\"", ("bad-text", 1, 15)),
        ("authors = [\"ok\", \"a\\u0007\"]", ("bad-text", 1, 18)),
        ("license = \"  \"", ("bad-text", 1, 11)),
        ("name = \"again\"", ("duplicate", 1, 1)),
        ("license = ", ("bad-syntax", 1, 11)),
        ("[compatibility]\nhost = \"newest\"", ("bad-range", 2, 8)),
        ("[permissions.\"session:read\"]", ("missing-key", 1, 1)),
        (
            "[permissions.\"session:read\"]\nreason = 3",
            ("wrong-type", 2, 10),
        ),
        (
            "[permissions.\"session:read\"]\nreason = \"x\"\nscope = 3",
            ("wrong-type", 3, 9),
        ),
        (
            "[permissions.\"session:read\"]\nreson = \"x\"\nreason = \"x\"",
            ("unknown-key", 2, 1),
        ),
        (
            "[permissions.\"Session read\"]\nreason = \"x\"",
            ("bad-permission", 1, 14),
        ),
        (
            "[permissions]\n\"a:b\" = {reason=\"x\", scope={p=\"\\u200B\"}}",
            ("bad-text", 2, 31),
        ),
        ("permissions = 3", ("unknown-key", 1, 1)),
        ("[contributes]\nconditions = {}", ("wrong-type", 2, 14)),
        ("[contributes]\nconditions = [3]", ("wrong-type", 2, 15)),
        ("[[contributes.Conditions]]", ("bad-name", 1, 15)),
        ("[[contributes.x]]\nname = \"Has\"", ("bad-name", 2, 8)),
        ("[[contributes.x]]\nname = 3", ("wrong-type", 2, 8)),
        (
            "[[contributes.x]]\nname = \"a\"\n[[contributes.x]]\nname = \"a\"",
            ("duplicate", 4, 8),
        ),
        (
            "[[contributes.x]]\ndescription = \"a\\nb\"",
            ("bad-text", 2, 15),
        ),
        (
            "[[contributes.x]]\nfile = \"../up\"",
            ("path-traversal", 2, 8),
        ),
        (
            "[[contributes.x]]\na = [{ path = \"/etc\" }]",
            ("path-traversal", 2, 15),
        ),
        (
            "[[contributes.x]]\ndirectory = [\"ok\", \"a\\\\b\"]",
            ("path-traversal", 2, 20),
        ),
        (
            "[[contributes.x]]\nentry = \"c:x\"",
            ("path-traversal", 2, 9),
        ),
        ("[dependencies]\nOther = \"1\"", ("bad-id", 2, 1)),
        ("[dependencies]\nother = \"one\"", ("bad-range", 2, 9)),
        ("[dependencies]\nother = 1", ("wrong-type", 2, 9)),
        (
            "[dependencies]\nmy-plugin = \"1\"",
            ("self-dependency", 2, 1),
        ),
        ("[limits]\nwall_ms = 0", ("bad-value", 2, 11)),
        ("[limits]\nwall_ms = -1", ("bad-value", 2, 11)),
        ("[limits]\nfule = 1", ("unknown-key", 2, 1)),
    ];
    for (rest, expected) in cases {
        assert_eq!(problem(rest), expected, "{rest}");
    }
}

#[test]
fn the_fields_of_plugin() {
    let bad = |id: &str, name: &str, version: &str| {
        let text = format!("[plugin]\nid = \"{id}\"\nname = \"{name}\"\nversion = \"{version}\"");
        problems(&text).iter().map(|p| p.code).collect::<Vec<_>>()
    };
    assert_eq!(bad("My_Plugin", "x", "1.0.0"), ["bad-id"]);
    assert_eq!(bad("x", "x", "1.0.0"), ["bad-id"]);
    assert_eq!(bad("-x", "x", "1.0.0"), ["bad-id"]);
    assert_eq!(bad(&"x".repeat(64), "x", "1.0.0"), ["bad-id"]);
    assert_eq!(bad("xx", "", "1.0.0"), ["bad-text"]);
    assert_eq!(bad("xx", &"é".repeat(81), "1.0.0"), ["too-long"]);
    assert_eq!(bad("xx", "x", "1.0"), ["bad-version"]);
    assert_eq!(bad("", "", ""), ["bad-id", "bad-text", "bad-version"]);
    assert!(parse(&PLUGIN.replace("Mine", &"é".repeat(80))).is_ok());
    let missing = problems("[plugin]\nid = \"xx\"\nversion = \"1.0.0\"");
    assert_eq!(missing[0].code, "missing-key");
    assert!(missing[0].message.contains("name"));
    assert_eq!(problems("")[0].code, "missing-key");
}

/// Proves M10: the problems of all tables are told at once, in order.
#[test]
fn many_problems_at_once() {
    let text = "[plugin]\nid = \"Bad\"\nname = \"x\"\nversion = \"1\"\nlicence = \"MIT\"\nkid = 1\n\
        [limits]\nfule = 1\nwall_ms = 0\n[dependencies]\nx = \"y\"\n[extra]\n";
    let told: Vec<_> = problems(text)
        .iter()
        .map(|p| (p.location.as_ref().unwrap().line, p.code))
        .collect();
    let expected = [
        (2, "bad-id"),
        (4, "bad-version"),
        (5, "unknown-key"),
        (6, "unknown-key"),
        (8, "unknown-key"),
        (9, "bad-value"),
        (11, "bad-id"),
        (11, "bad-range"),
        (12, "unknown-key"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn the_error_reads_well() {
    let text = format!("{PLUGIN}licence = \"MIT\"\n");
    let error = parse(&text).unwrap_err().to_string();
    assert_eq!(
        error,
        "plugin.toml:5:1: unknown key `licence` (did you mean `license`?)"
    );
    let syntax = parse("[plugin]\nid = \"a\nname = \"b\nversion = \"c\n").unwrap_err();
    assert!(syntax.problems.len() >= 3, "{syntax}");
}

#[test]
fn plugin_ids() {
    for good in ["ab", "0x", "a-", &"a".repeat(63)] {
        let id: PluginId = good.parse().unwrap();
        assert_eq!(serde_json::to_value(&id).unwrap(), json!(good));
        assert_eq!(PluginId::try_from(good).unwrap(), id);
    }
    for bad in [
        "",
        "a",
        "-a",
        "A1",
        "a_b",
        "a.b",
        "a/b",
        "é1",
        "a\n",
        &"a".repeat(64),
    ] {
        assert!(bad.parse::<PluginId>().is_err(), "{bad:?}");
        assert!(serde_json::from_value::<PluginId>(json!(bad)).is_err());
    }
    assert!(
        !"\u{1b}[31m"
            .parse::<PluginId>()
            .unwrap_err()
            .to_string()
            .contains('\u{1b}')
    );
}

#[test]
fn web_addresses() {
    for good in ["http://a", "https://a.b:80/c?d#e"] {
        assert!(text::is_web_address(good), "{good}");
    }
    for bad in [
        "",
        "a",
        "javascript:x",
        "https://",
        "https:///x",
        "https://a b",
        "https://:80",
    ] {
        assert!(!text::is_web_address(bad), "{bad}");
    }
}

/// The list of tables and the schema come from one struct.
#[test]
fn the_schema_has_every_table() {
    let schema = Manifest::schema();
    let tables = schema["properties"].as_object().unwrap();
    assert_eq!(tables.len(), file::TABLES.len());
    for table in file::TABLES {
        assert!(tables.contains_key(table), "{table}");
    }
    assert_eq!(schema["required"], json!(["plugin"]));
    assert_eq!(schema["additionalProperties"], json!(false));
    let plugin = &schema["$defs"]["PluginTable"];
    assert_eq!(plugin["required"], json!(["id", "name", "version"]));
    assert_eq!(plugin["additionalProperties"], json!(false));
    assert_eq!(
        plugin["properties"]["id"]["pattern"],
        json!(identity::ID_PATTERN)
    );
    assert_eq!(plugin["properties"]["name"]["maxLength"], json!(80));
}
