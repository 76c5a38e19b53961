//! The arguments of what users call by name: a schema of the same kind as a plugin's `[config]`, but without secrets.

use std::sync::Arc;

use jsonschema::Validator;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::schema::{self, Fault, Table};
use super::{ConfigKey, ConfigSchema, check, compile, cost};
use crate::log_record::escape;
use crate::problem::Problem;

/// How many bytes the arguments of one call may have as JSON text, defaults included: they cross into the plugin as a whole.
pub const MAX_ARGUMENTS: usize = 64 * 1024;

/// How many problems are told.
const MAX_PROBLEMS: usize = 20;

const ARGUMENTS: Table = Table {
    name: "arguments",
    has_secrets: false,
    budget: &cost::ARGUMENTS,
};

/// What arguments may be: the table `arguments` of a manifest, checked. The default one takes none. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ArgumentSchema {
    schema: ConfigSchema,
    /// Made once: a schema is checked far more often than it changes. `None` takes no arguments.
    validator: Option<Arc<Validator>>,
}

impl ArgumentSchema {
    /// Checks a schema.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub(crate) fn of(mut schema: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        schema::check(ARGUMENTS, &schema)?;
        schema.insert("type".to_owned(), "object".into());
        let validator = compile::check(ARGUMENTS.budget, &schema)?;
        Ok(Self {
            schema: ConfigSchema(Arc::new(schema)),
            validator: Some(Arc::new(validator)),
        })
    }

    /// The arguments that there are, in order. None of them is a secret.
    pub fn keys(&self) -> impl Iterator<Item = ConfigKey> + '_ {
        self.schema.keys()
    }

    /// Whether there is an argument with this name.
    pub fn has(&self, name: &str) -> bool {
        self.schema.property(name).is_some()
    }

    /// The schema as JSON.
    pub fn to_json(&self) -> Value {
        self.schema.to_json()
    }

    /// Lays arguments over the defaults, and checks what comes of it.
    ///
    /// # Errors
    /// All that is wrong, at most 20 problems, each with the argument's name.
    pub fn check(
        &self,
        mut arguments: Map<String, Value>,
    ) -> Result<Map<String, Value>, Vec<Problem>> {
        // First of all: what follows takes time by the number of arguments.
        if let Some(problem) = too_large(&arguments) {
            return Err(vec![problem]);
        }
        let unknown = arguments.keys().filter(|key| !self.has(key));
        let unknown = unknown.take(MAX_PROBLEMS);
        let mut problems: Vec<_> = unknown.map(|key| self.unknown(key)).collect();
        check::fill(&self.schema.0, &self.schema.0, &mut arguments);
        let keys = self.schema.properties().map(|(key, _)| key);
        let missing = keys.filter(|key| self.schema.requires(key) && !arguments.contains_key(*key));
        problems.extend(missing.map(|key| {
            let message = format!("the argument `{key}` is missing");
            Problem::error("missing-key", message).hint(format!("give `{key}`"))
        }));
        // Arguments that do not belong, or are not there, would only be told a second time.
        if problems.is_empty() {
            problems = self.misfits(&arguments);
        }
        if problems.is_empty() {
            return Ok(arguments);
        }
        problems.truncate(MAX_PROBLEMS);
        Err(problems)
    }

    fn misfits(&self, arguments: &Map<String, Value>) -> Vec<Problem> {
        // Once more: now the defaults are among them.
        if let Some(problem) = too_large(arguments) {
            return vec![problem];
        }
        let Some(validator) = &self.validator else {
            return Vec::new();
        };
        let whole = Value::Object(arguments.clone());
        let errors = validator.iter_errors(&whole).take(MAX_PROBLEMS);
        errors.map(|error| misfit(&error)).collect()
    }

    fn unknown(&self, key: &str) -> Problem {
        let message = format!("there is no argument `{}`", escape(key, 64));
        let problem = Problem::error("unknown-key", message);
        let known: Vec<_> = self.schema.properties().map(|(key, _)| &**key).collect();
        match known.is_empty() {
            true => problem.hint("it takes no arguments"),
            false => problem.suggest(key, &known),
        }
    }
}

fn too_large(arguments: &Map<String, Value>) -> Option<Problem> {
    // What is JSON can be written.
    let size = serde_json::to_string(arguments).map_or(usize::MAX, |text| text.len());
    if size <= MAX_ARGUMENTS {
        return None;
    }
    let message = format!("the arguments have {size} bytes; {MAX_ARGUMENTS} are the most");
    Some(Problem::error("too-large", message).hint("give less"))
}

fn misfit(error: &jsonschema::ValidationError<'_>) -> Problem {
    let place = error.instance_path().as_str();
    let why = escape(&error.to_string(), 300);
    let message = match place.split('/').nth(1) {
        None => format!("the arguments do not fit together: {why}"),
        Some(key) => {
            let key = key.replace("~1", "/").replace("~0", "~");
            format!("the argument `{}`: {why}", escape(&key, 64))
        }
    };
    Problem::error("bad-value", message)
}

/// The first fault counts; whoever wants all of them with their places asks [`ArgumentSchema::of`] before.
impl<'de> Deserialize<'de> for ArgumentSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let schema = Map::deserialize(deserializer)?;
        Self::of(schema).map_err(|faults| {
            let fault = faults.into_iter().next();
            let why = fault.map_or_else(String::new, |fault| fault.problem.message);
            serde::de::Error::custom(why)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn dice() -> ArgumentSchema {
        let schema = json!({
            "required": ["sides"],
            "properties": {
                "sides": { "type": "integer", "minimum": 2, "maximum": 1000 },
                "times": { "type": "integer", "default": 1 },
            },
        });
        ArgumentSchema::of(map(schema)).unwrap()
    }

    fn problems(schema: &ArgumentSchema, arguments: Value) -> Vec<String> {
        let problems = schema.check(map(arguments)).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    /// Proves E10: defaults are filled in, and what does not fit names the argument.
    #[test]
    fn arguments_against_their_schema() {
        let filled = dice().check(map(json!({ "sides": 6 }))).unwrap();
        assert_eq!(Value::Object(filled), json!({ "sides": 6, "times": 1 }));
        assert_eq!(
            problems(&dice(), json!({ "side": 6 })),
            [
                "there is no argument `side` (did you mean `sides`?)",
                "the argument `sides` is missing (give `sides`)",
            ]
        );
        let small = problems(&dice(), json!({ "sides": 1 }));
        assert!(
            small[0].starts_with("the argument `sides`: 1 is less than"),
            "{small:?}"
        );
        let wrong = problems(&dice(), json!({ "sides": 6, "times": "two" }));
        assert!(wrong[0].starts_with("the argument `times`: "), "{wrong:?}");
    }

    /// Proves E10: one that says nothing of arguments takes none, and too much is too much.
    #[test]
    fn bounds() {
        assert!(ArgumentSchema::default().check(Map::new()).is_ok());
        assert_eq!(
            problems(&ArgumentSchema::default(), json!({ "x": 1 })),
            ["there is no argument `x` (it takes no arguments)"]
        );
        let text = ArgumentSchema::of(map(json!({ "properties": { "text": {} } }))).unwrap();
        let long = "x".repeat(MAX_ARGUMENTS);
        // However many there are, and whether they belong or not.
        let unknown = |count: u32| (0..count).map(|n| (n.to_string(), json!(null))).collect();
        assert_eq!(problems(&text, unknown(1_000)).len(), MAX_PROBLEMS);
        let told = problems(&text, unknown(100_000));
        assert!(told.len() == 1 && told[0].contains("65536 are the most"));
        assert!(problems(&text, json!({ "text": long }))[0].contains("65536 are the most"));
    }

    /// Proves E10, X1: a plugin may have many commands, so each costs little.
    #[test]
    fn a_schema_of_arguments_is_small() {
        let with = |count: usize, property: &Value| {
            let properties = (0..count).map(|n| (format!("a{n}"), property.clone()));
            let properties: Map<_, _> = properties.collect();
            ArgumentSchema::of(map(json!({ "properties": properties })))
        };
        let words = json!({ "type": "string", "pattern": "^\\p{L}+$", "default": "a" });
        assert!(with(6, &words).is_ok());
        for (count, property) in [
            (7, words),
            (150, json!({ "type": "string" })),
            (1, json!({ "pattern": "^(a{100}){50}$" })),
        ] {
            assert!(with(count, &property).is_err(), "{count} of {property}");
        }
    }

    /// Proves E10: secrets are for configurations.
    #[test]
    fn arguments_are_no_secrets() {
        let schema = json!({ "properties": { "key": { "type": "string", "secret": true } } });
        let faults = ArgumentSchema::of(map(schema)).unwrap_err();
        assert_eq!(faults[0].pointer, "/properties/key/secret");
        assert_eq!(faults[0].problem.message, "`arguments` holds no secrets");
        let schema = json!({ "type": "array" });
        let faults = ArgumentSchema::of(map(schema)).unwrap_err();
        assert!(
            faults[0]
                .problem
                .message
                .starts_with("`arguments` is an object")
        );
    }
}
