//! What changes would make of a point's data, without a plugin.

use serde_json::{Map, Value};

use super::change::Data;
use super::stage::{Declared, HookError};
use crate::hook_point::{HookPoint, HookPolicy};
use crate::receipt::Note;
use crate::redactor::Redactor;

/// What became of a point's data; see [`rehearse`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rehearsal {
    /// The data after the last change.
    pub data: Map<String, Value>,
    /// What each change did, in order.
    pub steps: Vec<RehearsedStep>,
}

/// What one change did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RehearsedStep {
    /// The fields that are now others, in order; none, if the change was dropped.
    pub fields: Vec<String>,
    /// What was dropped of the change.
    pub notes: Vec<Note>,
}

/// Lays changes over a point's data one after the other, as handlers of plugins would, and tells what became of it: for whoever declares a point
/// and wants to see, in a test, what plugins can do to it.
///
/// A change is a JSON merge patch (RFC 7396), of which only the point's mutable fields count.
///
/// ```
/// use portcullis::extension::hooks::rehearse;
/// use portcullis::hook_point::{HookPoint, HookPolicy};
/// use serde_json::json;
///
/// let schema = json!({ "type": "object", "properties": { "litres": { "type": "number", "maximum": 9 } } });
/// let point = HookPoint::new("garden.watered", "Before a plant is watered.", schema).mutable(["litres"]);
/// let data = json!({ "plant": "fern", "litres": 1 });
/// let changes = [json!({ "litres": 2, "plant": "oak" }), json!({ "litres": 10 })];
/// let objects = changes.map(|change| change.as_object().cloned().unwrap_or_default());
/// let seen = rehearse(&point, HookPolicy::default(), data.as_object().cloned().unwrap_or_default(), objects)?;
/// assert_eq!(serde_json::Value::from(seen.data), json!({ "plant": "fern", "litres": 2 }));
/// assert_eq!(seen.steps[0].fields, ["litres"]);
/// assert!(seen.steps[1].fields.is_empty());
/// # Ok::<(), portcullis::extension::hooks::HookError>(())
/// ```
///
/// # Errors
/// The point cannot be declared, or the data is not what it says, or breaks a bound of the policy.
pub fn rehearse(
    point: &HookPoint,
    policy: HookPolicy,
    data: Map<String, Value>,
    changes: impl IntoIterator<Item = Map<String, Value>>,
) -> Result<Rehearsal, HookError> {
    let redactor = Redactor::default();
    let wrong = |why: String| HookError::Data {
        point: point.name.clone(),
        why: redactor.show(&why, super::stage::MAX_WHY),
    };
    point.check().map_err(wrong)?;
    let declared = Declared::new(point);
    let mut data = declared.checked(data).map_err(wrong)?;
    let text = serde_json::to_string(&data).map_err(|error| wrong(error.to_string()))?;
    let mut take = |fields: &Map<String, Value>| {
        data.clone_from(fields);
        Ok(())
    };
    let mut laid = Data::new(text, policy.data_bytes, &mut take);
    laid.check().map_err(wrong)?;
    let mut steps = Vec::new();
    for change in changes {
        let show = |text: &str, most: usize| redactor.show(text, most);
        let changed = laid.change(change, &declared, show);
        let (fields, notes) = changed.map_err(|error| wrong(error.to_string()))?;
        steps.push(RehearsedStep { fields, notes });
    }
    drop(laid);
    Ok(Rehearsal { data, steps })
}
