//! Tables that belong to someone else.

use serde::Deserialize;
use serde_json::json;

use super::super::*;
use super::{PLUGIN, WHOLE, parse};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Effect {
    name: String,
    #[serde(default)]
    priority: i32,
    defaults: Option<serde_json::Value>,
}

#[test]
fn raw_tables_parse_with_places() {
    let manifest = parse(WHOLE).unwrap();
    let effect: Effect = manifest.contributes[0].table.parse().unwrap();
    assert_eq!(effect.name, "raise-suspicion");
    assert_eq!(effect.defaults, Some(json!({ "amount": 10 })));

    let problem = manifest.contributes[1].table.parse::<Effect>().unwrap_err();
    assert_eq!(
        (problem.code, problem.location.unwrap().line),
        ("unknown-key", 29)
    );
    let text = format!("{PLUGIN}[[contributes.effects]]\nname = \"x\"\npriorty = 1\n");
    let table = parse(&text).unwrap().contributes.remove(0).table;
    let problem = table.parse::<Effect>().unwrap_err();
    assert_eq!(problem.hint.as_deref(), Some("did you mean `priority`?"));
    assert_eq!(table.location_of("priorty").unwrap().line, 7);
    assert_eq!(table.location_of("priority"), None);
}

#[test]
fn raw_tables_from_elsewhere() {
    let toml = RawTable::from_toml_str("name = \"x\"\npriority = 3\n").unwrap();
    let json = RawTable::from_json(json!({ "priority": 3, "name": "x" })).unwrap();
    assert_eq!(toml, json);
    assert_eq!(json.parse::<Effect>().unwrap().priority, 3);
    assert_ne!(toml, RawTable::from_toml_str("name = \"x\"").unwrap());
    assert_eq!(serde_json::to_value(&toml).unwrap(), toml.to_json());

    assert_eq!(
        RawTable::from_json(json!([1])).unwrap_err().code,
        "wrong-type"
    );
    assert_eq!(
        RawTable::from_json(json!({ "a": null })).unwrap_err().code,
        "bad-value"
    );
    let large = RawTable::from_json(json!({ "a": u64::MAX })).unwrap();
    assert_eq!(large.to_json(), json!({ "a": u64::MAX }));
    assert_eq!(
        RawTable::from_toml_str("a = ").unwrap_err().code,
        "bad-syntax"
    );
    let odd =
        RawTable::from_toml_str("a = nan\nb = -inf\nc = 0o17\nd = 0b11\ne = 99999999999999999999")
            .unwrap();
    let shown = json!({ "a": "nan", "b": "-inf", "c": 15, "d": 3, "e": "99999999999999999999" });
    assert_eq!(odd.to_json(), shown);
}
