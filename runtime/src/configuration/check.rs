//! Settings against a schema.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::schema::DEFINITIONS;
use super::settings::{MAX_SECRET_BYTES, MAX_SECRETS_BYTES, MIN_SECRET_BYTES};
use super::{CONFIG, ConfigSchema, Configuration, Settings, compile, is_secret, properties};
use crate::log_record::escape;
use crate::problem::Problem;

/// How many problems are told.
const MAX_PROBLEMS: usize = 100;

pub(super) fn check(
    schema: &ConfigSchema,
    settings: Settings,
) -> Result<Configuration, Vec<Problem>> {
    let mut problems = Vec::new();
    for key in settings.values.keys() {
        problems.extend(value_key(schema, key));
    }
    for (key, secret) in &settings.secrets {
        problems.extend(secret_key(schema, key, secret));
    }
    problems.extend(all_secrets(&settings.secrets));
    let mut values = settings.values;
    fill(&schema.0, &schema.0, &mut values);
    let missing = schema.properties().filter(|(key, _)| {
        let set = values.contains_key(*key) || settings.secrets.contains_key(*key);
        !set && schema.requires(key)
    });
    problems.extend(missing.map(|(key, property)| missing_key(key, property)));
    // Keys that do not belong would only be told a second time.
    if problems.is_empty() {
        problems = misfits(schema, &values, &settings.secrets);
    }
    if problems.is_empty() {
        let secrets = settings.secrets;
        Ok(Configuration { values, secrets })
    } else {
        problems.truncate(MAX_PROBLEMS);
        Err(problems)
    }
}

/// What is wrong with setting a value for this key, whatever the value.
fn value_key(schema: &ConfigSchema, key: &str) -> Option<Problem> {
    match schema.property(key) {
        None => Some(unknown(schema, key, "setting")),
        Some(property) if is_secret(property) => {
            let message = format!("`{key}` is a secret, and is set as a value");
            let hint = format!("set `{key}` as a secret, a new one: this one stood in the open");
            Some(Problem::error("is-secret", message).hint(hint))
        }
        Some(_) => None,
    }
}

/// What is wrong with setting this secret, but for what its schema says.
fn secret_key(schema: &ConfigSchema, key: &str, secret: &SecretString) -> Option<Problem> {
    let bytes = secret.expose_secret().len();
    match schema.property(key) {
        None => Some(unknown(schema, key, "secret")),
        Some(property) if !is_secret(property) => {
            let message = format!("`{key}` is no secret, and is set as one");
            let hint = format!("set `{key}` as a value");
            Some(Problem::error("not-secret", message).hint(hint))
        }
        Some(_) if bytes < MIN_SECRET_BYTES => {
            let message = format!(
                "the secret `{key}` has less than {MIN_SECRET_BYTES} bytes: too short to be found in a log and hidden"
            );
            Some(Problem::error("secret-size", message).hint("set a longer one"))
        }
        Some(_) if bytes > MAX_SECRET_BYTES => {
            let message = format!("the secret `{key}` has more than {MAX_SECRET_BYTES} bytes");
            Some(Problem::error("secret-size", message).hint("set a shorter one"))
        }
        Some(_) => None,
    }
}

/// What is wrong with the secrets taken together.
fn all_secrets(secrets: &BTreeMap<String, SecretString>) -> Option<Problem> {
    let bytes: usize = secrets
        .values()
        .map(|secret| secret.expose_secret().len())
        .sum();
    (bytes > MAX_SECRETS_BYTES).then(|| {
        let message = format!("the secrets have more than {MAX_SECRETS_BYTES} bytes together");
        Problem::error("secret-size", message).hint("set fewer or shorter ones")
    })
}

fn unknown(schema: &ConfigSchema, key: &str, what: &str) -> Problem {
    let shown = escape(key, 64);
    let message = format!("unknown {what} `{shown}`: the plugin's `[config]` has no such key");
    let problem = Problem::error("unknown-key", message);
    let known: Vec<_> = schema.properties().map(|(name, _)| name.as_str()).collect();
    match known.is_empty() {
        true => problem.hint("remove it: the plugin takes no settings"),
        false => problem.suggest(key, &known),
    }
}

fn missing_key(key: &str, property: &Value) -> Problem {
    let what = if is_secret(property) {
        "secret"
    } else {
        "setting"
    };
    Problem::error(
        "missing-key",
        format!("the required {what} `{key}` is not set"),
    )
    .hint(format!("set the {what} `{key}`"))
}

/// Where values do not fit the schema. The text of a value stands in a problem only if the problem is about that value alone.
fn misfits(
    schema: &ConfigSchema,
    values: &Map<String, Value>,
    secrets: &BTreeMap<String, SecretString>,
) -> Vec<Problem> {
    let validator = match compile::validator(&schema.to_json(), CONFIG.budget.pattern_bytes) {
        Ok(validator) => validator,
        // It was built when the manifest was read, so this is never reached.
        Err(error) => {
            return vec![Problem::error(
                "config-schema",
                escape(&error.to_string(), 300),
            )];
        }
    };
    let mut whole = values.clone();
    for (key, secret) in secrets {
        whole.insert(key.clone(), secret.expose_secret().into());
    }
    let whole = Value::Object(whole);
    let errors = validator.iter_errors(&whole).take(MAX_PROBLEMS);
    errors.map(|error| misfit(schema, &error)).collect()
}

fn misfit(schema: &ConfigSchema, error: &jsonschema::ValidationError<'_>) -> Problem {
    let place = error.instance_path().as_str();
    let key = place
        .split('/')
        .nth(1)
        .map(|key| key.replace("~1", "/").replace("~0", "~"));
    match key {
        // About several keys at once, secrets among them.
        None => {
            let why = escape(&error.masked_with("what is set").to_string(), 300);
            let message = format!("the settings do not fit together: {why}");
            Problem::error("bad-value", message).hint("see the plugin's `[config]`")
        }
        Some(key) if schema.property(&key).is_some_and(is_secret) => {
            let keyword = escape(error.kind().keyword(), 64);
            let message = format!("the secret `{key}` does not fit its schema (`{keyword}`)");
            Problem::error("bad-value", message).hint(format!("set another secret `{key}`"))
        }
        Some(key) => {
            let why = escape(&error.to_string(), 300);
            let message = format!("the setting `{key}` does not fit its schema: {why}");
            let hint = match place.split('/').nth(2) {
                Some(_) => format!("change it at `{}`", escape(place, 128)),
                None => format!("set another value for `{key}`"),
            };
            Problem::error("bad-value", message).hint(hint)
        }
    }
}

/// Lays values over the defaults of a schema. `top` has the definitions.
pub(super) fn fill(
    top: &Map<String, Value>,
    schema: &Map<String, Value>,
    values: &mut Map<String, Value>,
) {
    for (name, property) in properties(schema) {
        if !values.contains_key(name)
            && let Some(default) = default_of(top, property)
        {
            values.insert(name.clone(), default.clone());
        }
        if let Some(value) = values.get_mut(name) {
            fill_value(top, property, value);
        }
    }
}

/// Fills an object with the defaults of its properties; other values stay. Recursive: references lead in no circle.
pub(super) fn fill_value(top: &Map<String, Value>, schema: &Value, value: &mut Value) {
    if let (Some(schema), Some(object)) = (schema.as_object(), value.as_object_mut()) {
        fill(top, schema, object);
    }
    if let Some(definition) = referred(top, schema) {
        fill_value(top, definition, value);
    }
}

fn default_of<'s>(top: &'s Map<String, Value>, property: &'s Value) -> Option<&'s Value> {
    if is_secret(property) {
        return None;
    }
    let of_reference = || default_of(top, referred(top, property)?);
    property.get("default").or_else(of_reference)
}

/// The definition that a schema refers to.
fn referred<'s>(top: &'s Map<String, Value>, schema: &Value) -> Option<&'s Value> {
    let name = schema.get("$ref")?.as_str()?.strip_prefix(DEFINITIONS)?;
    top.get("$defs")?.get(name)
}
