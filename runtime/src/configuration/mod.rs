//! A plugin's configuration: what the manifest's `[config]` allows, what an operator set, and what comes of the two.
//!
//! `[config]` is a JSON Schema of draft 2020-12 with `type = "object"` implied:
//!
//! ```toml
//! [config]
//! required = ["api-key"]
//!
//! [config.properties.tone]
//! type = "string"
//! enum = ["dry", "wry"]
//! default = "wry"
//! description = "How the plugin's characters talk."
//!
//! [config.properties.api-key]
//! type = "string"
//! secret = true
//! ```
//!
//! A property with `secret = true` is a secret: a string of 8 bytes to 16 KiB without a default, which an operator sets apart from the values
//! and which a plugin reads by another permission; all of a plugin's together have at most 64 KiB. Every key that can be set is named below `properties`. References lead to
//! `#/$defs/NAME` of the same table, patterns are matched in linear time, and nothing is fetched.
//!
//! A manifest without `[config]` takes no settings at all.

mod arguments;
mod check;
mod compile;
mod cost;
mod schema;
mod settings;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::problem::Problem;

pub use arguments::{ArgumentSchema, MAX_ARGUMENTS};
pub use cost::MAX_COMMANDS;
pub(crate) use schema::Fault;
pub use settings::{
    Configuration, MAX_SECRET_BYTES, MAX_SECRETS_BYTES, MIN_SECRET_BYTES, Settings,
};

/// The table that this is about.
const CONFIG: schema::Table = schema::Table {
    name: "config",
    has_secrets: true,
    budget: &cost::CONFIG,
};

/// What a plugin's configuration may be: the manifest's `[config]`, checked. The default one takes no settings. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigSchema(Arc<Map<String, Value>>);

/// A key that an operator can set.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConfigKey {
    /// Its name.
    pub name: String,
    /// The JSON types that it takes, for example `string` or `integer or null`; `any` if the schema does not say.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it is if nobody sets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Whether the plugin is refused if it is not set and has no default.
    pub required: bool,
    /// Whether it is a secret.
    pub secret: bool,
}

impl ConfigSchema {
    /// Checks a schema.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub(crate) fn of(schema: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        schema::check(CONFIG, &schema)?;
        compile::check(CONFIG.budget, &schema)?;
        Ok(Self(Arc::new(schema)))
    }

    /// The keys that an operator can set, in order.
    pub fn keys(&self) -> impl Iterator<Item = ConfigKey> + '_ {
        self.properties().map(|(name, schema)| ConfigKey {
            name: name.clone(),
            kind: types(schema),
            description: text(schema, "description"),
            default: schema.get("default").cloned(),
            required: self.requires(name),
            secret: is_secret(schema),
        })
    }

    /// The schema as JSON, without the implied `type`.
    pub fn to_json(&self) -> Value {
        Value::Object((*self.0).clone())
    }

    /// Checks what an operator set, and lays it over the defaults.
    ///
    /// # Errors
    /// All that is wrong, each problem with its key and what to do. No problem has a secret's value in it.
    pub fn check(&self, settings: Settings) -> Result<Configuration, Vec<Problem>> {
        check::check(self, settings)
    }

    fn properties(&self) -> impl Iterator<Item = (&String, &Value)> {
        properties(&self.0)
    }

    fn property(&self, name: &str) -> Option<&Value> {
        self.0.get("properties")?.get(name)
    }

    fn requires(&self, name: &str) -> bool {
        required(&self.0).any(|required| required == name)
    }
}

/// The properties of a schema that is an object.
fn properties(schema: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten()
}

/// The names below `required`.
fn required(schema: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str)
}

fn is_secret(schema: &Value) -> bool {
    schema.get("secret").and_then(Value::as_bool) == Some(true)
}

fn text(schema: &Value, key: &str) -> Option<String> {
    schema.get(key)?.as_str().map(str::to_owned)
}

fn types(schema: &Value) -> String {
    match schema.get("type") {
        Some(Value::String(one)) => one.clone(),
        Some(Value::Array(several)) => {
            let names: Vec<_> = several.iter().filter_map(Value::as_str).collect();
            names.join(" or ")
        }
        _ => "any".to_owned(),
    }
}
