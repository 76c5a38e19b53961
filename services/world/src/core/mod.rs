//! What the world host itself offers to activities: conditions and effects whose names begin with `core:`.

mod condition;
mod effect;

pub use condition::{CoreCondition, Moment};
pub use effect::CoreEffect;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// The beginning of the names of core conditions and effects.
pub const PREFIX: &str = "core:";

/// Reads a core condition or effect from its name, without the prefix, and its parameters.
pub(crate) fn parse<T: DeserializeOwned>(
    name: &str,
    params: &Map<String, Value>,
) -> Result<T, String> {
    serde_json::from_value(json!({ "name": name, "params": params }))
        .map_err(|error| error.to_string())
}
