//! What tells two states of worlds apart: one digest of all that is in them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use portcullis::package::Digest;
use portcullis_state::World;
use serde::Serialize;
use serde_json::Value;

/// The digest of some worlds: of their documents, without versions. What plugins keep in their key-value stores is not part of it.
///
/// # Errors
/// A value that JSON does not have; no world from a file and no plugin brings one.
pub fn of_worlds<'a>(
    worlds: impl IntoIterator<Item = &'a World>,
) -> Result<Digest, serde_json::Error> {
    let documents = worlds.into_iter().map(|world| {
        let npcs: BTreeMap<_, _> = world
            .npcs
            .iter()
            .map(|(id, npc)| (id, &npc.value))
            .collect();
        let sessions = world.sessions.iter();
        let sessions: BTreeMap<_, _> = sessions.map(|(id, one)| (id, &one.value)).collect();
        (&world.id, &world.document, npcs, sessions)
    });
    of(&documents.collect::<Vec<_>>())
}

/// The digest of a value: of its JSON without blanks, the keys of each object in the order of their bytes. The same value has the same
/// digest in every process and on every machine.
pub fn of<T: Serialize>(value: &T) -> Result<Digest, serde_json::Error> {
    let mut text = String::new();
    write(&serde_json::to_value(value)?, &mut text);
    Ok(Digest::of(text.as_bytes()))
}

/// Does not rely on the order of `serde_json`'s maps, which a feature elsewhere in the program may change.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(elements) => {
            text.push('[');
            for (place, element) in elements.iter().enumerate() {
                separate(place, text);
                write(element, text);
            }
            text.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (place, (key, value)) in entries.into_iter().enumerate() {
                separate(place, text);
                write(&Value::String(key.clone()), text);
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
        // Writing to a string cannot fail.
        scalar => drop(write!(text, "{scalar}")),
    }
}

fn separate(place: usize, text: &mut String) {
    if place > 0 {
        text.push(',');
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn the_text_is_canonical() {
        let mut text = String::new();
        write(
            &json!({"b": [1, -2.5, null, true], "a": {"é\"": "\n"}, "": {}}),
            &mut text,
        );
        assert_eq!(text, r#"{"":{},"a":{"é\"":"\n"},"b":[1,-2.5,null,true]}"#);
    }

    #[test]
    fn the_digest_is_stable_and_tells_values_apart() {
        let digest = |value: Value| of(&value).unwrap().to_string();
        assert_eq!(
            digest(json!({"a": 1, "b": 2})),
            digest(json!({"b": 2, "a": 1}))
        );
        assert_eq!(
            digest(json!([])),
            "sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
        );
        assert_ne!(digest(json!({"a": ["b"]})), digest(json!({"a": "b"})));
        assert_ne!(digest(json!(1)), digest(json!("1")));
    }
}
