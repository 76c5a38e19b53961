//! From a schema to what checks values against it.

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::{Map, Value};

use super::cost::Budget;
use super::schema::{Fault, step};
use super::{check, cost, is_secret, properties};
use crate::log_record::escape;
use crate::problem::Problem;

/// How many problems are told of one thing.
const MAX_FAULTS: usize = 20;

/// How many JSON values a default may have: it is checked wherever a manifest is read.
const MAX_DEFAULT_NODES: usize = 1_000;

/// What checks values against a schema, with patterns of at most so many bytes. Patterns take linear time, formats count, and nothing is fetched.
pub(super) fn validator(
    schema: &Value,
    pattern_bytes: usize,
) -> Result<Validator, ValidationError<'static>> {
    let patterns = PatternOptions::regex()
        .size_limit(pattern_bytes)
        .dfa_size_limit(pattern_bytes);
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .with_pattern_options(patterns)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .build(schema)
}

/// Checks that a schema is one, and that its defaults fit; gives what checks values against it.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(
    budget: &'static Budget,
    schema: &Map<String, Value>,
) -> Result<Validator, Vec<Fault>> {
    let whole = Value::Object(schema.clone());
    let meta = jsonschema::draft202012::meta::validator();
    let faults: Vec<_> = meta
        .iter_errors(&whole)
        .take(MAX_FAULTS)
        .map(|error| not_a_schema(&error))
        .collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    let validator = validator(&whole, budget.pattern_bytes);
    let validator = validator.map_err(|error| vec![not_a_schema(&error)])?;
    let definitions = schema.get("$defs").map_or(0, nodes);
    let mut defaults = Defaults {
        budget,
        top: schema,
        definitions,
        count: 0,
        work: 0,
        faults: Vec::new(),
    };
    defaults.below("", schema);
    for (name, definition) in schema
        .get("$defs")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if let Some(definition) = definition.as_object() {
            defaults.below(&step("/$defs", name), definition);
        }
    }
    let spent = defaults.spent();
    defaults.faults.extend(spent);
    if defaults.faults.is_empty() {
        Ok(validator)
    } else {
        Err(defaults.faults)
    }
}

fn not_a_schema(error: &ValidationError<'_>) -> Fault {
    let message = format!("not a JSON Schema: {}", escape(&error.to_string(), 300));
    Fault {
        pointer: error.instance_path().as_str().to_owned(),
        problem: Problem::error("config-schema", message)
            .hint("see https://json-schema.org/draft/2020-12/schema for what the keyword takes"),
    }
}

/// A walk through the defaults that would be merged in.
struct Defaults<'s> {
    budget: &'static Budget,
    top: &'s Map<String, Value>,
    /// The values of all definitions, which are compiled with each default.
    definitions: usize,
    count: usize,
    work: usize,
    faults: Vec<Fault>,
}

impl Defaults<'_> {
    fn below(&mut self, pointer: &str, schema: &Map<String, Value>) {
        let pointer = format!("{pointer}/properties");
        for (name, property) in properties(schema) {
            let place = step(&pointer, name);
            if let Some(default) = property.get("default").filter(|_| !is_secret(property)) {
                self.default(&place, name, property, default);
            }
            if let Some(property) = property.as_object() {
                self.below(&place, property);
            }
        }
    }

    fn default(&mut self, place: &str, name: &str, property: &Value, default: &Value) {
        self.count += 1;
        if self.faults.len() >= MAX_FAULTS || self.is_spent() {
            return;
        }
        let name = escape(name, 64);
        let problem = if nodes(default) > MAX_DEFAULT_NODES {
            let message =
                format!("the default of `{name}` has more than {MAX_DEFAULT_NODES} values");
            Problem::error("too-large", message).hint("write a smaller one")
        } else if let Some(why) = self.misfit(property, default) {
            let message = format!("the default of `{name}` does not fit its own schema: {why}");
            Problem::error("config-default", message)
                .hint("change the default, or the schema beside it")
        } else {
            return;
        };
        let pointer = step(place, "default");
        self.faults.push(Fault { pointer, problem });
    }

    /// Whether there are more defaults, or more to do for them, than is allowed.
    fn is_spent(&self) -> bool {
        self.count > self.budget.defaults || self.work > self.budget.defaults_work
    }

    fn spent(&self) -> Option<Fault> {
        let most = self.budget.defaults;
        let problem = if self.count > most {
            let message = format!("the schema has more than {most} defaults");
            Problem::error("too-many", message).hint("leave some to the plugin")
        } else if self.work > self.budget.defaults_work {
            let message =
                "to check the defaults takes too long: their number by the size of their schemas";
            Problem::error("too-large", message).hint("write fewer or smaller ones")
        } else {
            return None;
        };
        let pointer = String::new();
        Some(Fault { pointer, problem })
    }

    /// Why a default does not fit, once the defaults below it are merged in. Looks no further if that would take too long.
    fn misfit(&mut self, property: &Value, default: &Value) -> Option<String> {
        let mut value = default.clone();
        check::fill_value(self.top, property, &mut value);
        let size = cost::nodes(self.top, property);
        let work = size.saturating_mul(nodes(&value)).saturating_add(size);
        self.work = self
            .work
            .saturating_add(work.saturating_add(self.definitions));
        if self.is_spent() {
            return None;
        }
        let mut schema = property.as_object().cloned()?;
        if let Some(definitions) = self.top.get("$defs") {
            schema.insert("$defs".to_owned(), definitions.clone());
        }
        let why = match validator(&Value::Object(schema), self.budget.pattern_bytes) {
            Ok(validator) => validator.validate(&value).err()?.to_string(),
            Err(error) => error.to_string(),
        };
        Some(escape(&why, 300))
    }
}

/// How many values a value has, itself included. Its depth was bounded with the schema's.
fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(nodes).sum(),
        Value::Object(table) => table.values().map(nodes).sum(),
        _ => 0,
    }
}
