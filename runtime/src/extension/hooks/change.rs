//! What a handler's change does to the data: a JSON merge patch (RFC 7396), of which only the fields count that the point lets plugins change.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::stage::Declared;
use crate::receipt::Note;
use crate::write_set::count_values;

/// How many of the fields that a handler may not change are named in a receipt.
const MAX_FIELDS: usize = 16;

/// How much is shown of the name of such a field, in bytes.
const MAX_NAME: usize = 64;

/// How much is shown of why a change was dropped, in bytes.
const MAX_WHY: usize = 300;

/// How deep the data nests: as deep as any JSON text of plugins.
const MAX_LEVELS: usize = 64;

/// How many JSON values all changes of a chain have together: each handler may bring thousands, and those who come after it, and the host, carry them.
const MAX_VALUES: usize = 16_384;

/// Takes the fields of the data over, wherever the host keeps them; says so if they do not fit there. Then nothing was taken over.
pub(super) type Take<'a> = dyn FnMut(&Map<String, Value>) -> Result<(), String> + Send + 'a;

/// The data of a chain: as text for the handlers, and where a handler has changed it as fields too.
pub(super) struct Data<'a> {
    text: Arc<str>,
    fields: Option<Map<String, Value>>,
    /// How long the text may be, in bytes.
    most: u64,
    /// How many values handlers may still bring.
    values_left: usize,
    take: &'a mut Take<'a>,
}

impl<'a> Data<'a> {
    pub(super) fn new(text: String, most: u64, take: &'a mut Take<'a>) -> Self {
        Self {
            text: text.into(),
            fields: None,
            most,
            values_left: MAX_VALUES,
            take,
        }
    }

    /// Whether the host's own data keeps within the bounds.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn check(&self) -> Result<(), String> {
        bounded(&self.text, self.most)
    }

    /// The data as handlers get it.
    pub(super) fn text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// Lays a patch over the data. Gives the fields that are now others, and what was dropped; `show` makes a plugin's text fit for a receipt.
    ///
    /// # Errors
    /// The host's own data is no JSON object.
    pub(super) fn change(
        &mut self,
        patch: Map<String, Value>,
        point: &Declared,
        show: impl Fn(&str, usize) -> String,
    ) -> Result<(Vec<String>, Vec<Note>), serde_json::Error> {
        let values = patch.values().map(count_values).sum();
        let Some(values_left) = self.values_left.checked_sub(values) else {
            let why = format!("the changes of a chain have at most {MAX_VALUES} values together");
            return Ok((Vec::new(), vec![Note::DroppedChange { why }]));
        };
        self.values_left = values_left;
        let before = match &self.fields {
            Some(fields) => fields,
            None => self.fields.insert(serde_json::from_str(&self.text)?),
        };
        let (mut fields, mut dropped, mut after) = (Vec::new(), Vec::new(), None);
        for (field, value) in patch {
            if !point.lets_change(&field) {
                if dropped.len() < MAX_FIELDS {
                    dropped.push(show(&field, MAX_NAME));
                }
                continue;
            }
            if lay(after.get_or_insert_with(|| before.clone()), &field, value) {
                fields.push(field);
            }
        }
        let mut notes = Vec::new();
        if !dropped.is_empty() {
            notes.push(Note::DroppedFields { fields: dropped });
        }
        let Some(after) = after.filter(|_| !fields.is_empty()) else {
            return Ok((fields, notes));
        };
        let fits = point.checked(after).and_then(|after| {
            let text = serde_json::to_string(&after).map_err(|error| error.to_string())?;
            bounded(&text, self.most)?;
            (self.take)(&after)?;
            Ok((after, text))
        });
        let (after, text) = match fits {
            Ok(fits) => fits,
            Err(why) => {
                let why = show(&why, MAX_WHY);
                notes.push(Note::DroppedChange { why });
                return Ok((Vec::new(), notes));
            }
        };
        self.text = text.into();
        self.fields = Some(after);
        Ok((fields, notes))
    }
}

/// Says so if a JSON text is too long, or nests too deep.
fn bounded(text: &str, most: u64) -> Result<(), String> {
    if text.len() as u64 > most {
        return Err(format!(
            "the data would be {} bytes of JSON, at most {most} are allowed",
            text.len()
        ));
    }
    match nests_deeper(text, MAX_LEVELS) {
        true => Err(format!("the data nests at most {MAX_LEVELS} levels deep")),
        false => Ok(()),
    }
}

/// Whether objects and arrays of a JSON text nest deeper than this. Not recursive: the host's own data is as deep as it is.
fn nests_deeper(text: &str, most: usize) -> bool {
    let (mut levels, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => levels += 1,
            b'}' | b']' => levels = levels.saturating_sub(1),
            _ => {}
        }
        if levels > most {
            return true;
        }
    }
    false
}

/// Lays one field of a merge patch over an object; whether the field is now another.
fn lay(object: &mut Map<String, Value>, field: &str, patch: Value) -> bool {
    if patch.is_null() {
        return object.remove(field).is_some();
    }
    match object.get_mut(field) {
        Some(value) => merge(value, patch),
        None => {
            let mut value = Value::Null;
            merge(&mut value, patch);
            object.insert(field.to_owned(), value);
            true
        }
    }
}

/// RFC 7396 on one value; whether it is now another. Recursive: a patch nests no deeper than what its parser reads.
fn merge(value: &mut Value, patch: Value) -> bool {
    let Value::Object(patch) = patch else {
        let changed = *value != patch;
        *value = patch;
        return changed;
    };
    let mut changed = false;
    if !value.is_object() {
        *value = Value::Object(Map::new());
        changed = true;
    }
    if let Value::Object(object) = value {
        for (field, patch) in patch {
            changed |= lay(object, &field, patch);
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves E8: the bounds of a chain's data count bytes and levels, and what stands in a string is neither.
    #[test]
    fn data_is_bounded() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(bounded(&nested(64), 1_000), Ok(()));
        assert!(bounded(&nested(65), 1_000).is_err_and(|why| why.contains("64 levels")));
        assert!(bounded(&nested(64), 127).is_err_and(|why| why.contains("128 bytes")));
        let text = format!(r#"{{"a\"{}":["{}"]}}"#, nested(65), "[".repeat(65));
        assert_eq!(bounded(&text, 1_000), Ok(()));
        let flat = format!("[{}[]]", "[],".repeat(100));
        assert_eq!(bounded(&flat, 1_000), Ok(()));
    }
}
