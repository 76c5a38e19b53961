//! `[config]`: a JSON Schema, each problem of which gets its place in the text.

use serde_json::Value as Json;

use super::check::Problems;
use super::contribution::raw_table;
use super::parse::Value;
use crate::configuration::ConfigSchema;

pub(super) fn schema(value: Option<Value<'_>>, problems: &mut Problems) -> Option<ConfigSchema> {
    let table = raw_table(&value?, "config", problems)?;
    let Json::Object(schema) = table.to_json() else {
        return None;
    };
    match ConfigSchema::of(schema) {
        Ok(schema) => Some(schema),
        Err(faults) => {
            for fault in faults {
                let place = table.location_below(&fault.pointer);
                problems.add(fault.problem.at(place));
            }
            None
        }
    }
}
