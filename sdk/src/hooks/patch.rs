//! JSON merge patches (RFC 7396).

use serde_json::{Map, Value};

/// The patch that makes one value of another; `None` if they are equal. Objects are gone into, all else is replaced.
pub(super) fn between(before: &Value, after: Value) -> Option<Value> {
    if *before == after {
        return None;
    }
    let (Some(before), Value::Object(after)) = (before.as_object(), &after) else {
        return Some(after);
    };
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    let mut patch: Map<_, _> = gone.map(|key| (key.clone(), Value::Null)).collect();
    for (key, value) in after {
        let changed = match before.get(key) {
            Some(before) => between(before, value.clone()),
            None => Some(value.clone()),
        };
        patch.extend(changed.map(|value| (key.clone(), value)));
    }
    Some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn a_patch_says_what_differs() {
        let before = json!({ "a": 1, "b": { "c": [1, 2], "d": 3 }, "e": "x" });
        assert_eq!(between(&before, before.clone()), None);
        let after = json!({ "a": 1, "b": { "c": [2], "f": {} } });
        assert_eq!(
            between(&before, after),
            Some(json!({ "b": { "c": [2], "d": null, "f": {} }, "e": null }))
        );
        assert_eq!(
            between(&json!([1]), json!({ "a": 1 })),
            Some(json!({ "a": 1 }))
        );
    }
}
