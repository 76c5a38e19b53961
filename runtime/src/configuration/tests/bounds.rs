//! What a schema may cost whoever reads it.

use serde_json::json;

use super::{fault, faults};
use crate::configuration::*;

/// A schema made from a smaller one, and the value for it made from the smaller one's.
type Shape = (&'static str, fn(Value) -> Value, fn(Value) -> Value);

fn same(value: Value) -> Value {
    value
}

fn in_a(value: Value) -> Value {
    json!({ "a": value })
}

fn in_array(value: Value) -> Value {
    json!([value])
}

const SHAPES: [Shape; 24] = [
    ("allOf", |s| json!({ "allOf": [s] }), same),
    ("anyOf", |s| json!({ "anyOf": [s] }), same),
    (
        "anyOf, one of two",
        |s| json!({ "anyOf": [{ "type": "null" }, s] }),
        same,
    ),
    ("oneOf", |s| json!({ "oneOf": [s] }), same),
    (
        "oneOf, one of two",
        |s| json!({ "oneOf": [{ "type": "null" }, s] }),
        same,
    ),
    (
        "oneOf, with a const",
        |s| {
            json!({ "oneOf": [
        { "properties": { "k": { "const": 1 }, "a": s }, "required": ["k"] },
        { "properties": { "k": { "const": 2 } }, "required": ["k"] },
    ] })
        },
        |v| json!({ "k": 1, "a": v }),
    ),
    ("not", |s| json!({ "not": s }), same),
    (
        "if",
        |s| json!({ "if": s, "then": true, "else": false }),
        same,
    ),
    ("then", |s| json!({ "if": true, "then": s }), same),
    ("else", |s| json!({ "if": false, "else": s }), same),
    ("contains", |s| json!({ "contains": s }), in_array),
    (
        "contains, counted",
        |s| json!({ "contains": s, "minContains": 1, "maxContains": 2 }),
        in_array,
    ),
    (
        "items",
        |s| json!({ "items": s, "uniqueItems": true }),
        in_array,
    ),
    (
        "prefixItems",
        |s| json!({ "prefixItems": [s], "items": false }),
        in_array,
    ),
    ("properties", |s| json!({ "properties": { "a": s } }), in_a),
    (
        "properties, closed",
        |s| {
            json!({
                "type": "object", "properties": { "a": s }, "required": ["a"], "additionalProperties": false,
            })
        },
        in_a,
    ),
    (
        "properties, patterned",
        |s| {
            json!({
                "properties": { "a": s }, "patternProperties": { "^b": true }, "additionalProperties": false,
            })
        },
        in_a,
    ),
    (
        "patternProperties",
        |s| json!({ "patternProperties": { "^a": s } }),
        in_a,
    ),
    (
        "patternProperties, closed",
        |s| {
            json!({
                "patternProperties": { "^a": s }, "additionalProperties": false,
            })
        },
        in_a,
    ),
    (
        "additionalProperties",
        |s| json!({ "additionalProperties": s }),
        in_a,
    ),
    (
        "additionalProperties, the rest",
        |s| {
            json!({
                "properties": { "b": true }, "patternProperties": { "^c": true }, "additionalProperties": s,
            })
        },
        in_a,
    ),
    (
        "propertyNames",
        |s| json!({ "propertyNames": s }),
        |_| json!({ "a": 1 }),
    ),
    (
        "dependentSchemas",
        |s| json!({ "dependentSchemas": { "k": s } }),
        |_| json!({ "k": 1 }),
    ),
    (
        "$comment",
        |s| json!({ "$comment": "a", "allOf": [s], "title": "b" }),
        same,
    ),
];

/// Reads a schema of one shape with as many levels as it may have, and a default for it that reaches down to the last: how many levels, and
/// what is wrong with the default.
fn deepest(shape: &Shape, leaf: &Value, value: &Value) -> (usize, Vec<Fault>) {
    let (_, around, above) = shape;
    let (mut schema, mut value, mut levels) = (leaf.clone(), value.clone(), 0);
    loop {
        let deeper = around(schema.clone());
        match read(&deeper, None) {
            Ok(_) => (schema, value, levels) = (deeper, above(value), levels + 1),
            Err(faults) => {
                assert_eq!(
                    faults[0].problem.code, "too-deep",
                    "{}: {faults:?}",
                    shape.0
                );
                let faults = read(&schema, Some(&value)).err().unwrap_or_default();
                return (levels, faults);
            }
        }
    }
}

fn read(property: &Value, default: Option<&Value>) -> Result<ConfigSchema, Vec<Fault>> {
    let mut property = property.as_object().unwrap().clone();
    property.extend(default.map(|default| ("default".to_owned(), default.clone())));
    let schema = json!({ "properties": { "p": property } });
    ConfigSchema::of(schema.as_object().unwrap().clone())
}

/// Proves M6: no keyword that is allowed evaluates what is below it again on each level, which would double the time with each: this test
/// would never end.
#[test]
fn deep_schemas_take_bounded_work() {
    let leaf = json!({ "type": "integer" });
    for shape in &SHAPES {
        for value in [json!(1), json!("x")] {
            let (levels, faults) = deepest(shape, &leaf, &value);
            assert!(levels >= 15, "{}: {levels}", shape.0);
            let misfit = |fault: &Fault| fault.problem.code == "config-default";
            assert!(faults.iter().all(misfit), "{}: {faults:?}", shape.0);
        }
    }
}

/// Proves M6: the keywords that would do so are unknown ones.
#[test]
fn keywords_that_evaluate_again_are_unknown() {
    for keyword in ["unevaluatedProperties", "unevaluatedItems"] {
        let place = format!("/properties/a/{keyword}");
        let schema = json!({ "properties": { "a": { keyword: false } } });
        assert_eq!(fault(schema), ("unknown-key", place));
        assert_eq!(fault(json!({ keyword: {} })).0, "unknown-key");
    }
}

/// Proves M6: a definition has a name that a reference spells in one way only, so that what is counted is what is used.
#[test]
fn names_of_definitions_are_plain() {
    let cheap = json!({});
    for bad in ["a%62", "%61", "a~0", "a/b", "a b", "ä", ""] {
        let schema = json!({
            "properties": { "p": { "$ref": format!("#/$defs/{bad}") } },
            "$defs": { bad: cheap },
        });
        let (code, place) = fault(schema);
        assert_eq!(code, "bad-name", "{bad}");
        assert!(place.starts_with("/$defs/"), "{place}");
    }
    let good = json!({
        "properties": { "p": { "$ref": "#/$defs/A.b_c-9" } },
        "$defs": { "A.b_c-9": cheap },
    });
    assert!(ConfigSchema::of(good.as_object().unwrap().clone()).is_ok());
}

/// Proves M6: what checks the defaults stays in proportion, too.
#[test]
fn defaults_are_bounded() {
    let one = json!({ "type": "integer", "default": 1 });
    let group = |number: usize| {
        let keys: Map<_, _> = (0..number)
            .map(|n| (format!("k{n}"), one.clone()))
            .collect();
        json!({ "properties": { "a": { "properties": keys } } })
    };
    assert!(ConfigSchema::of(group(200).as_object().unwrap().clone()).is_ok());
    assert_eq!(fault(group(201)), ("too-many", String::new()));
    // All definitions are compiled with each.
    let definitions: Map<_, _> = (0..3_000)
        .map(|n| (format!("d{n}"), json!({ "type": "integer" })))
        .collect();
    let mut wide = group(200);
    wide["$defs"] = definitions.into();
    assert_eq!(fault(wide), ("too-large", String::new()));
    // A default is copied wherever a reference leads to its schema.
    let mut copied = Map::new();
    for n in 0..5 {
        let next = json!({ "$ref": format!("#/$defs/d{}", n + 1), "default": {} });
        let keys: Map<_, _> = (0..4).map(|n| (format!("k{n}"), next.clone())).collect();
        copied.insert(format!("d{n}"), json!({ "properties": keys }));
    }
    let text = json!({ "type": "string", "default": "x".repeat(100_000) });
    copied.insert("d5".to_owned(), json!({ "properties": { "text": text } }));
    let top = json!({ "p": { "$ref": "#/$defs/d0", "default": {} } });
    let schema = json!({ "properties": top, "$defs": copied });
    assert_eq!(fault(schema).0, "too-large");
}

/// Proves M6: of many mistakes the first hundred are told.
#[test]
fn problems_are_bounded() {
    let wrong: Map<_, _> = (0..150).map(|n| (format!("p{n}"), json!(1))).collect();
    assert_eq!(faults(json!({ "properties": wrong })).len(), 100);
    let required: Vec<_> = (0..150).map(|n| format!("r{n}")).collect();
    assert_eq!(faults(json!({ "required": required })).len(), 100);
}
