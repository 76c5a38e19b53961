#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod bounds;

use secrecy::ExposeSecret;
use serde_json::json;

use super::*;

fn schema(schema: Value) -> ConfigSchema {
    ConfigSchema::of(schema.as_object().unwrap().clone()).unwrap()
}

/// The codes and places of what is wrong with a schema.
fn faults(schema: Value) -> Vec<(&'static str, String)> {
    let faults = ConfigSchema::of(schema.as_object().unwrap().clone()).unwrap_err();
    for fault in &faults {
        assert!(fault.problem.hint.is_some(), "{fault:?}");
    }
    faults
        .into_iter()
        .map(|fault| (fault.problem.code, fault.pointer))
        .collect()
}

fn fault(schema: Value) -> (&'static str, String) {
    let mut faults = faults(schema);
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0)
}

fn talker() -> ConfigSchema {
    schema(json!({
        "required": ["tone", "api-key"],
        "properties": {
            "tone": { "type": "string", "enum": ["dry", "wry"], "default": "wry" },
            "lines": { "type": "integer", "minimum": 1, "maximum": 9 },
            "voice": { "$ref": "#/$defs/voice", "default": {} },
            "api-key": { "type": "string", "secret": true, "pattern": "^sk-" },
            "webhook": { "type": "string", "secret": true },
        },
        "$defs": { "voice": {
            "type": "object",
            "properties": { "pitch": { "type": "number", "default": 0.5 }, "name": { "type": "string" } },
            "additionalProperties": false,
        } },
    }))
}

fn refused(settings: Settings) -> Vec<Problem> {
    let problems = talker().check(settings).unwrap_err();
    for problem in &problems {
        assert!(problem.hint.is_some(), "{problem}");
        assert!(!problem.to_string().contains("hunter2"), "{problem}");
    }
    problems
}

/// The code of the only problem, which names the key.
fn refusal(settings: Settings, key: &str) -> &'static str {
    let problems = refused(settings);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].message.contains(&format!("`{key}`")),
        "{}",
        problems[0]
    );
    problems[0].code
}

fn fitting() -> Settings {
    Settings::new().secret("api-key", "sk-hunter2-and-more")
}

/// Proves M6: what is set lies over the defaults, those of nested objects included.
#[test]
fn defaults_are_merged_in() {
    let found = talker()
        .check(
            fitting()
                .value("lines", 3)
                .value("voice", json!({ "name": "low" })),
        )
        .unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["lines", "tone", "voice"]);
    assert_eq!(found.value("tone"), Some(&json!("wry")));
    assert_eq!(
        found.value("voice"),
        Some(&json!({ "name": "low", "pitch": 0.5 }))
    );
    assert_eq!(found.value("api-key"), None);
    let key = found.secret("api-key").unwrap();
    assert_eq!(key.expose_secret(), "sk-hunter2-and-more");
    assert_eq!(found.secrets().count(), 1);
    let least = talker().check(fitting()).unwrap();
    assert_eq!(least.value("voice"), Some(&json!({ "pitch": 0.5 })));
    assert_eq!(least.value("lines"), None);
}

/// Proves M6: each mistake of an operator is told with its key, and no secret stands in it.
#[test]
fn mistakes_are_told_by_key() {
    assert_eq!(refusal(fitting().value("lines", 12), "lines"), "bad-value");
    assert_eq!(refusal(fitting().value("line", 1), "line"), "unknown-key");
    let misspelt = refused(fitting().value("line", 1));
    assert_eq!(misspelt[0].hint.as_deref(), Some("did you mean `lines`?"));
    let nested = fitting().value("voice", json!({ "pitch": "high" }));
    assert_eq!(refusal(nested, "voice"), "bad-value");
    let in_the_open = fitting().value("webhook", "hunter2-in-the-open");
    assert_eq!(refusal(in_the_open, "webhook"), "is-secret");
    assert_eq!(
        refusal(fitting().secret("tone", "hunter2-is-wry"), "tone"),
        "not-secret"
    );
    assert_eq!(
        refusal(fitting().secret("webhook", "hunter2"), "webhook"),
        "secret-size"
    );
    let long = "hunter2 ".repeat(MAX_SECRET_BYTES / 8 + 1);
    assert_eq!(
        refusal(fitting().secret("webhook", long), "webhook"),
        "secret-size"
    );
    assert_eq!(
        refusal(fitting().secret("web-hook", "hunter2-hook"), "web-hook"),
        "unknown-key"
    );
    assert_eq!(
        refusal(
            Settings::new().secret("api-key", "hunter2-without-prefix"),
            "api-key"
        ),
        "bad-value"
    );
    assert_eq!(refusal(Settings::new(), "api-key"), "missing-key");
    let all = refused(Settings::new().value("line", 1).value("webhook", "hunter2"));
    assert_eq!(all.len(), 3, "{all:?}");
}

/// Proves M6: what is wrong between keys is told without their values.
#[test]
fn what_is_wrong_between_keys_shows_no_value() {
    let schema = schema(json!({
        "properties": { "user": { "type": "string" }, "password": { "type": "string", "secret": true } },
        "anyOf": [{ "required": ["user"] }, { "maxProperties": 0 }],
    }));
    let settings = Settings::new().secret("password", "hunter2-hunter2");
    let problems = schema.check(settings).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(
        !problems[0].to_string().contains("hunter2"),
        "{}",
        problems[0]
    );
}

/// Proves M6: neither form for debugging shows a secret, or a value that should have been one.
#[test]
fn debug_forms_show_names_only() {
    let settings = fitting().value("tone", "hunter2");
    assert_eq!(
        format!("{settings:?}"),
        r#"Settings { values: ["tone"], secrets: ["api-key"] }"#
    );
    let configuration = talker().check(fitting()).unwrap();
    assert!(!format!("{configuration:?}").contains("hunter2"));
}

#[test]
fn a_plugin_without_a_schema_takes_nothing() {
    let none = ConfigSchema::default();
    assert!(none.check(Settings::new()).is_ok());
    for settings in [
        Settings::new().value("a", 1),
        Settings::new().secret("a", "hunter2-hunter2"),
    ] {
        assert_eq!(none.check(settings).unwrap_err()[0].code, "unknown-key");
    }
}

/// Proves M6: what hides secrets stays of a size.
#[test]
fn secrets_are_bounded_together() {
    let keys = (0..5).map(|number| format!("s{number}"));
    let secret = json!({ "type": "string", "secret": true });
    let properties: Map<_, _> = keys.clone().map(|key| (key, secret.clone())).collect();
    let schema = schema(json!({ "properties": properties }));
    let set = |number| {
        let keys = keys.clone().take(number);
        keys.fold(Settings::new(), |settings, key| {
            settings.secret(key, "x".repeat(MAX_SECRET_BYTES))
        })
    };
    assert!(schema.check(set(4)).is_ok());
    let problems = schema.check(set(5)).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].code, "secret-size");
}

#[test]
fn keys_tell_what_an_operator_can_set() {
    let keys: Vec<_> = talker().keys().collect();
    let names: Vec<_> = keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["api-key", "lines", "tone", "voice", "webhook"]);
    assert!(keys[0].secret && keys[0].required && !keys[1].required);
    assert_eq!(
        serde_json::to_value(&keys[2]).unwrap(),
        json!({
            "name": "tone", "type": "string", "default": "wry", "required": true, "secret": false,
        })
    );
}

/// Proves M6: a schema that breaks a rule is refused, each problem at its place.
#[test]
fn rules_of_schemas() {
    let one = |property: Value| json!({ "properties": { "a": property } });
    let at = |place: &str| format!("/properties/a{place}");
    assert_eq!(
        fault(one(json!({ "type": "strin" }))),
        ("config-schema", at("/type"))
    );
    assert_eq!(
        fault(one(json!({ "type": "string", "minLenght": 1 }))),
        ("unknown-key", at("/minLenght"))
    );
    assert_eq!(
        fault(one(json!({ "type": "integer", "default": "x" }))),
        ("config-default", at("/default"))
    );
    assert_eq!(
        fault(one(json!({ "type": "integer", "secret": true }))),
        ("config-secret", at("/secret"))
    );
    assert_eq!(
        fault(one(json!({ "secret": true }))),
        ("config-secret", at("/secret"))
    );
    assert_eq!(
        fault(one(json!({ "secret": 1 }))),
        ("wrong-type", at("/secret"))
    );
    let default = one(json!({ "type": "string", "secret": true, "default": "hunter2" }));
    assert_eq!(fault(default), ("config-secret", at("/default")));
    let nested = one(json!({ "properties": { "b": { "type": "string", "secret": true } } }));
    assert_eq!(fault(nested), ("config-secret", at("/properties/b/secret")));
    for reference in [
        "https://example.org/s.json",
        "other.json",
        "#",
        "#/$defs/none",
        "#/properties/a",
    ] {
        assert_eq!(
            fault(one(json!({ "$ref": reference }))),
            ("config-reference", at("/$ref"))
        );
    }
    for loads in ["$id", "$schema", "$anchor", "$dynamicRef"] {
        assert_eq!(
            fault(one(json!({ loads: "https://example.org/" }))).0,
            "unknown-key"
        );
    }
    assert_eq!(
        fault(one(json!({ "pattern": "(" }))),
        ("config-schema", at("/pattern"))
    );
    assert_eq!(
        fault(one(json!({ "pattern": "(a)\\1" }))),
        ("config-schema", at("/pattern"))
    );
    assert_eq!(
        fault(one(json!({ "pattern": "(\\w{500}){500}" }))).0,
        "config-schema"
    );
    assert_eq!(
        fault(one(json!({ "format": "no-such-format" }))).0,
        "config-schema"
    );
    assert_eq!(fault(one(json!(true))), ("wrong-type", at("")));
    assert_eq!(
        fault(json!({ "properties": { "": {} } })),
        ("bad-name", "/properties/".to_owned())
    );
    assert_eq!(
        fault(json!({ "properties": { "a/b~": { "type": 1 } } })).1,
        "/properties/a~1b~0/type"
    );
    assert_eq!(fault(json!({ "properties": [] })).1, "/properties");
    assert_eq!(
        fault(json!({ "type": "array" })),
        ("wrong-type", "/type".to_owned())
    );
    assert_eq!(
        fault(json!({ "additionalProperties": {} })).1,
        "/additionalProperties"
    );
    assert_eq!(
        fault(json!({ "required": ["a"] })),
        ("unknown-key", "/required/0".to_owned())
    );
    let several =
        json!({ "type": "array", "properties": { "a": { "secret": true, "default": 1 } } });
    assert_eq!(faults(several).len(), 3);
}

/// Proves M6: reading a schema takes time and stack in proportion to its text.
#[test]
fn schemas_are_bounded() {
    let many: Map<_, _> = (0..201).map(|n| (format!("p{n}"), json!({}))).collect();
    assert_eq!(
        fault(json!({ "properties": many })),
        ("too-many", "/properties".to_owned())
    );
    // Each definition stands for two of the next: 2^40 in the end.
    let mut doubling = Map::new();
    for n in 0..40 {
        let next = json!({ "$ref": format!("#/$defs/d{}", n + 1) });
        doubling.insert(format!("d{n}"), json!({ "allOf": [next, next] }));
    }
    doubling.insert("d40".to_owned(), json!({}));
    let of = |definitions: Value| json!({ "properties": { "a": { "$ref": "#/$defs/d0" } }, "$defs": definitions });
    assert!(matches!(
        fault(of(doubling.into())).0,
        "too-deep" | "too-large"
    ));
    let mut wide = Map::new();
    for n in 0..10 {
        let next = vec![json!({ "$ref": format!("#/$defs/d{}", n + 1) }); 4];
        wide.insert(format!("d{n}"), json!({ "allOf": next }));
    }
    wide.insert("d10".to_owned(), json!({}));
    assert_eq!(fault(of(wide.into())).0, "too-large");
    for circle in [
        json!({ "$ref": "#/$defs/d0" }),
        json!({ "properties": { "b": { "$ref": "#/$defs/d0" } } }),
    ] {
        assert_eq!(fault(of(json!({ "d0": circle }))).0, "too-deep");
    }
    let chain: Map<_, _> = (0..5_000)
        .map(|n| {
            (
                format!("d{n}"),
                json!({ "$ref": format!("#/$defs/d{}", n + 1) }),
            )
        })
        .chain([("d5000".to_owned(), json!({}))])
        .collect();
    assert_eq!(fault(of(chain.into())).0, "too-deep");
    let patterns: Vec<_> = (0..201)
        .map(|n| json!({ "pattern": format!("{n}") }))
        .collect();
    assert_eq!(
        fault(json!({ "properties": { "a": { "anyOf": patterns } } })).0,
        "too-large"
    );
    let large = vec![0; 1_001];
    assert_eq!(
        fault(json!({ "properties": { "a": { "default": large } } })).0,
        "too-large"
    );
}
