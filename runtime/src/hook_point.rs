//! Hook points: the places in a host's work where plugins may look, change and stop.

use jsonschema::{Draft, ValidationError, Validator};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::pattern::check_key;

/// A place in a host's work that handlers of plugins are called at.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HookPoint {
    /// Its name, words with dots between them, for example `tool.pre_exec`.
    pub name: String,
    /// When it is reached, in one sentence.
    pub summary: String,
    /// The JSON Schema of the data that handlers get: an object.
    pub schema: Value,
    /// The fields of the data that handlers may change; the others are as they are.
    pub mutable: Vec<String>,
    /// Whether a handler may stop what is about to happen.
    pub may_block: bool,
}

/// The data of a hook point as a type. What the type says of itself is all that there is to declare: [`HookPoint::of`] makes the point of it.
///
/// ```
/// use portcullis::hook_point::{HookPoint, Point};
///
/// #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
/// struct Watered { plant: String, litres: f64 }
///
/// impl Point for Watered {
///     const NAME: &'static str = "garden.watered";
///     const SUMMARY: &'static str = "Before a plant is watered.";
///     const MUTABLE: &'static [&'static str] = &["litres"];
///     const MAY_BLOCK: bool = true;
/// }
///
/// assert_eq!(HookPoint::of::<Watered>().mutable, ["litres"]);
/// ```
pub trait Point: Serialize + DeserializeOwned + JsonSchema + Send + 'static {
    /// The point's name, words with dots between them.
    const NAME: &'static str;
    /// When it is reached, in one sentence.
    const SUMMARY: &'static str;
    /// The fields, as they are named in JSON, that handlers may change.
    const MUTABLE: &'static [&'static str];
    /// Whether a handler may stop what is about to happen.
    const MAY_BLOCK: bool;
}

/// What follows if something keeps a handler from deciding: it traps, takes too long, is refused something, errs, or its plugin is disabled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fail {
    /// It is passed over, and the chain goes on.
    #[default]
    Open,
    /// What is about to happen is stopped.
    Closed,
}

/// How long handlers may take, and how large the data may become. The times hold in place of `Limits::wall_ms`, which is for calls that nobody's work
/// waits for.
///
/// They are what plugins have. A handler that writes or emits has its changes committed and its events published once it has replied, by the
/// host's store and bus: where these hang, a chain takes up to 10 seconds longer for each, and for each such handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HookPolicy {
    /// What one handler has at most, in milliseconds: 1,500 by default, and never more than half of the chain's. It begins when the plugin is awake and
    /// has its slot. One that ends sooner because the chain's time does has not failed, as far as the guard and the plugin's health go.
    pub handler_ms: u64,
    /// What all handlers of a chain have together, in milliseconds: 8,000 by default; waking their plugins is part of it. Once it is used up no further
    /// handler is asked. Those of one plugin have at most half of it together, as long as handlers of others are still to be asked.
    pub chain_ms: u64,
    /// How long the data of a chain is at most, as JSON text in bytes: 1 MiB by default. It nests at most 64 levels deep. A change beyond that is dropped;
    /// data that the host itself begins with beyond that is a fault of the chain.
    pub data_bytes: u64,
}

impl Default for HookPolicy {
    fn default() -> Self {
        Self {
            handler_ms: 1_500,
            chain_ms: 8_000,
            data_bytes: 1_048_576,
        }
    }
}

impl HookPolicy {
    /// Sets what one handler has, in milliseconds.
    #[must_use]
    pub fn handler_ms(mut self, ms: u64) -> Self {
        self.handler_ms = ms;
        self
    }

    /// Sets what all handlers of a chain have together, in milliseconds.
    #[must_use]
    pub fn chain_ms(mut self, ms: u64) -> Self {
        self.chain_ms = ms;
        self
    }

    /// Sets how long the data of a chain is at most, as JSON text in bytes.
    #[must_use]
    pub fn data_bytes(mut self, bytes: u64) -> Self {
        self.data_bytes = bytes;
        self
    }
}

impl HookPoint {
    /// The point that a type declares.
    pub fn of<P: Point>() -> Self {
        let schema = schemars::schema_for!(P).to_value();
        let point = Self::new(P::NAME, P::SUMMARY, schema).mutable(P::MUTABLE.iter().copied());
        match P::MAY_BLOCK {
            true => point.may_block(),
            false => point,
        }
    }

    /// A point at which handlers only look.
    pub fn new(name: impl Into<String>, summary: impl Into<String>, schema: Value) -> Self {
        Self {
            name: name.into(),
            summary: summary.into(),
            schema,
            mutable: Vec::new(),
            may_block: false,
        }
    }

    /// The same point, at which handlers may change these fields.
    #[must_use]
    pub fn mutable<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.mutable.extend(fields.into_iter().map(Into::into));
        self
    }

    /// The same point, at which handlers may stop what is about to happen.
    #[must_use]
    pub fn may_block(mut self) -> Self {
        self.may_block = true;
        self
    }

    /// What is wrong with the point, if anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        check_key("name", &self.name)?;
        validator(&self.schema).map_err(|error| format!("its schema does not compile: {error}"))?;
        let properties = self.schema.get("properties").and_then(Value::as_object);
        let properties = properties.ok_or("its schema has no `properties`")?;
        match self
            .mutable
            .iter()
            .find(|field| !properties.contains_key(*field))
        {
            Some(field) => Err(format!(
                "`{field}` may be changed, but its schema has no such property"
            )),
            None => Ok(()),
        }
    }
}

/// What checks data against a point's schema. Nothing is fetched.
pub(crate) fn validator(schema: &Value) -> Result<Validator, ValidationError<'static>> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .build(schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Proves E7: a point says which fields may be changed, and they must be there.
    #[test]
    fn a_point_names_fields_that_it_has() {
        let point = HookPoint::new("a.b", "When.", json!({ "properties": { "text": {} } }));
        assert_eq!(point.clone().mutable(["text"]).check(), Ok(()));
        assert!(
            point
                .mutable(["texts"])
                .check()
                .is_err_and(|why| why.contains("`texts`"))
        );
        assert!(HookPoint::new("a", "", json!({})).check().is_err());
        assert!(
            HookPoint::new("a\n", "", json!({ "properties": {} }))
                .check()
                .is_err()
        );
    }
}
