//! What handlers of hooks make of a point's data, against RFC 7396 as a function from values to values.

use std::collections::BTreeMap;

use portcullis::extension::hooks::rehearse;
use portcullis::hook_point::{HookPoint, HookPolicy};
use portcullis::receipt::Note;
use serde_json::{Map, Value, json};

use crate::input::Input;
use crate::plain::one_line;

const KEYS: &[&str] = &["text", "count", "tags", "more", "a", "b", ""];

/// How long the data is at most here, in bytes of JSON.
const MOST: u64 = 300;

/// Data, and up to four patches.
///
/// - After each patch the data is what the RFC says of the mutable fields, or as before if that breaks the point's schema or its bounds.
/// - Other fields are as they were, and the receipt names them; so it does those that are now others.
pub fn hooks(bytes: &[u8]) {
    let mut input = Input::new(&bytes[..bytes.len().min(4_096)]);
    let strict = input.flag();
    let mutable: Vec<_> = KEYS.iter().copied().filter(|_| input.flag()).collect();
    let mut data = input.object(KEYS, 3);
    if strict && input.flag() {
        data.insert("text".to_owned(), input.text(30).into());
        data.insert("count".to_owned(), input.byte().into());
    }
    let point = HookPoint::new("a.point", "Somewhere.", schema(strict)).mutable(mutable.clone());
    let policy = HookPolicy::default().data_bytes(MOST);
    let patches = input.few(4, |input| input.object(KEYS, 4));
    let seen = rehearse(&point, policy, data.clone(), patches.clone());
    let Ok(seen) = seen else {
        one_line(&seen.unwrap_err().to_string());
        assert!(!(fits(strict, &data) && bounded(&data)), "{data:?}");
        return;
    };
    assert!(fits(strict, &data) && bounded(&data), "{data:?}");
    assert_eq!(seen.steps.len(), patches.len());
    for (patch, step) in patches.iter().zip(&seen.steps) {
        let after = change(strict, &mutable, &data, patch);
        let fields: Vec<_> = patch
            .keys()
            .filter(|key| data.get(*key) != after.get(*key))
            .collect();
        assert_eq!(
            step.fields.iter().collect::<Vec<_>>(),
            fields,
            "{data:?} {patch:?}"
        );
        notes(&mutable, patch, &step.notes, after == data);
        data = after;
    }
    assert_eq!(seen.data, data, "{patches:?}");
}

/// A point that takes all there is, or one with rules.
fn schema(strict: bool) -> Value {
    let open: Map<_, _> = KEYS
        .iter()
        .map(|key| (key.to_string(), json!({})))
        .collect();
    match strict {
        false => json!({ "type": "object", "properties": open }),
        true => json!({
            "type": "object",
            "required": ["text"],
            "properties": {
                "text": { "type": "string", "maxLength": 20 },
                "count": { "type": "integer", "minimum": 0, "maximum": 200 },
                "tags": { "type": "array", "items": { "type": "string" } },
                "more": { "type": "object" },
                "a": {}, "b": {}, "": {},
            },
        }),
    }
}

/// The same rules, read by hand.
fn fits(strict: bool, data: &Map<String, Value>) -> bool {
    let optional = |key: &str, rule: fn(&Value) -> bool| data.get(key).is_none_or(rule);
    let text = data.get("text").and_then(Value::as_str);
    // To JSON Schema, 2.0 is an integer.
    let integer = |value: &Value| {
        value
            .as_f64()
            .is_some_and(|number| number.fract() == 0.0 && (0.0..=200.0).contains(&number))
    };
    let strings = |value: &Value| {
        value
            .as_array()
            .is_some_and(|all| all.iter().all(Value::is_string))
    };
    !strict
        || text.is_some_and(|text| text.chars().count() <= 20)
            && optional("count", integer)
            && optional("tags", strings)
            && optional("more", Value::is_object)
}

fn bounded(data: &Map<String, Value>) -> bool {
    serde_json::to_vec(data).unwrap().len() as u64 <= MOST
}

fn change(
    strict: bool,
    mutable: &[&str],
    data: &Map<String, Value>,
    patch: &Map<String, Value>,
) -> Map<String, Value> {
    let allowed: BTreeMap<_, _> = patch
        .iter()
        .filter(|(key, _)| mutable.contains(&key.as_str()))
        .collect();
    let allowed = allowed
        .into_iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let after = merged(Some(&Value::Object(data.clone())), &Value::Object(allowed));
    match after {
        Some(Value::Object(after)) if fits(strict, &after) && bounded(&after) => after,
        _ => data.clone(),
    }
}

/// The RFC's `MergePatch`, without changing anything in its place. `None` is what is not there.
fn merged(target: Option<&Value>, patch: &Value) -> Option<Value> {
    match patch {
        Value::Null => None,
        Value::Object(patch) => {
            let empty = Map::new();
            let target = target.and_then(Value::as_object).unwrap_or(&empty);
            let kept = target.iter().filter(|(key, _)| !patch.contains_key(*key));
            let kept = kept.map(|(key, value)| (key.clone(), value.clone()));
            let laid = patch
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), merged(target.get(key), value)?)));
            Some(Value::Object(kept.chain(laid).collect()))
        }
        other => Some(other.clone()),
    }
}

fn notes(mutable: &[&str], patch: &Map<String, Value>, notes: &[Note], unchanged: bool) {
    notes.iter().for_each(|note| one_line(&note.to_string()));
    let unwanted: Vec<_> = patch
        .keys()
        .filter(|key| !mutable.contains(&key.as_str()))
        .collect();
    let named = notes.iter().find_map(|note| match note {
        Note::DroppedFields { fields } => Some(fields.iter().collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(named.unwrap_or_default(), unwanted);
    let dropped = notes
        .iter()
        .any(|note| matches!(note, Note::DroppedChange { .. }));
    assert!(!dropped || unchanged);
}
