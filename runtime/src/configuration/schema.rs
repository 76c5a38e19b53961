//! The rules that a schema must keep beyond JSON Schema's own. They hold before anything is compiled: what the schema costs is bounded here.

use serde_json::{Map, Value};

use super::cost::{self, Budget};
use super::required;
use crate::log_record::escape;
use crate::pattern::check_key;
use crate::problem::Problem;

/// How many keys a plugin's configuration may have.
const MAX_PROPERTIES: usize = 200;

/// How many problems are told. Each is placed in the text of the manifest.
const MAX_FAULTS: usize = 100;

/// The keywords whose value is a schema.
const ONE: [&str; 8] = [
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
];

/// The keywords whose value is an array of schemas.
const SEVERAL: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];

/// The keywords whose value is a table of schemas.
const NAMED: [&str; 3] = ["dependentSchemas", "patternProperties", "properties"];

/// The other keywords. What JSON Schema knows beyond these loads other documents, names parts of this one in a second way, or (`unevaluated*`)
/// evaluates what is below it once more on each level.
const PLAIN: [&str; 28] = [
    "$comment",
    "$ref",
    "const",
    "default",
    "dependentRequired",
    "deprecated",
    "description",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "required",
    "title",
    "type",
    "uniqueItems",
];

/// The keywords that would let keys in that have no name, or hide where one is.
const NOT_AT_THE_TOP: [&str; 6] = [
    "$ref",
    "const",
    "default",
    "enum",
    "patternProperties",
    "propertyNames",
];

/// Where references may lead.
pub(super) const DEFINITIONS: &str = "#/$defs/";

/// Something that is wrong with a schema, and where.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The place in the schema, as a JSON pointer.
    pub(crate) pointer: String,
    /// What is wrong.
    pub(crate) problem: Problem,
}

/// What a schema stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The table `[config]`.
    Top,
    /// A key of the configuration.
    Key,
    /// Anything below.
    Inner,
}

/// The table of a manifest that holds a schema.
#[derive(Clone, Copy)]
pub(super) struct Table {
    /// Its name, for problems.
    pub(super) name: &'static str,
    /// Whether its keys may be secrets.
    pub(super) has_secrets: bool,
    /// What it may cost.
    pub(super) budget: &'static Budget,
}

/// Checks the rules.
///
/// # Errors
/// All that break one.
pub(super) fn check(table: Table, schema: &Map<String, Value>) -> Result<(), Vec<Fault>> {
    let mut walk = Walk {
        table,
        definitions: schema.get("$defs").and_then(Value::as_object),
        faults: Vec::new(),
    };
    walk.top(schema);
    if walk.faults.is_empty() {
        walk.faults.extend(cost::check(table.budget, schema));
    }
    if walk.faults.is_empty() {
        Ok(())
    } else {
        Err(walk.faults)
    }
}

/// A walk through a schema. Recursive: the depth of a manifest is bounded when it is parsed, and references are not followed.
struct Walk<'s> {
    table: Table,
    definitions: Option<&'s Map<String, Value>>,
    faults: Vec<Fault>,
}

impl Walk<'_> {
    fn fault(&mut self, pointer: &str, problem: Problem) {
        if !self.is_full() {
            let pointer = pointer.to_owned();
            self.faults.push(Fault { pointer, problem });
        }
    }

    fn is_full(&self) -> bool {
        self.faults.len() >= MAX_FAULTS
    }

    fn top(&mut self, schema: &Map<String, Value>) {
        if let Some(kind) = schema.get("type").filter(|kind| *kind != "object") {
            let name = self.table.name;
            let message = format!("`{name}` is an object, not of the type {kind}");
            let problem = Problem::error("wrong-type", message);
            self.fault("/type", problem.hint("remove the line"));
        }
        for key in schema.keys() {
            let opens = key == "additionalProperties" && schema.get(key) != Some(&false.into());
            if opens || NOT_AT_THE_TOP.contains(&key.as_str()) {
                let name = self.table.name;
                let message = format!("`{key}` has no place at the top of `{name}`");
                let hint = format!("name every key below `{name}.properties`");
                self.fault(
                    &step("", key),
                    Problem::error("config-schema", message).hint(hint),
                );
            }
        }
        self.schema("", schema, Role::Top);
        self.property_count(schema);
        let known = schema.get("properties").and_then(Value::as_object);
        for (index, name) in required(schema).enumerate() {
            if self.is_full() {
                break;
            }
            if known.is_none_or(|known| !known.contains_key(name)) {
                let message = format!("`{}` is required and no property", escape(name, 64));
                let known: Vec<_> = known
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| &**name)
                    .collect();
                let problem = Problem::error("unknown-key", message).suggest(name, &known);
                self.fault(&format!("/required/{index}"), problem);
            }
        }
    }

    fn property_count(&mut self, schema: &Map<String, Value>) {
        let keys = schema.get("properties").and_then(Value::as_object);
        if keys.is_some_and(|keys| keys.len() > MAX_PROPERTIES) {
            let name = self.table.name;
            let message = format!("`{name}` has more than {MAX_PROPERTIES} properties");
            let problem = Problem::error("too-many", message);
            self.fault("/properties", problem.hint("group some in an object"));
        }
    }

    fn any(&mut self, pointer: &str, schema: &Value, role: Role) {
        match schema {
            Value::Object(schema) => self.schema(pointer, schema, role),
            Value::Bool(_) if role == Role::Inner => {}
            _ => {
                let problem = Problem::error("wrong-type", "a schema is a table");
                let hint = "write `{ type = \"...\" }`";
                self.fault(pointer, problem.hint(hint));
            }
        }
    }

    fn schema(&mut self, pointer: &str, schema: &Map<String, Value>, role: Role) {
        self.secret(pointer, schema, role);
        for (key, value) in schema {
            if self.is_full() {
                break;
            }
            let place = step(pointer, key);
            match key.as_str() {
                "$ref" => self.reference(&place, value),
                "secret" => {}
                "$defs" if role == Role::Top => self.definitions(&place, value),
                "properties" if role == Role::Top => self.keys(&place, value),
                key if ONE.contains(&key) => self.any(&place, value, Role::Inner),
                key if NAMED.contains(&key) => self.named(&place, value, Role::Inner),
                key if SEVERAL.contains(&key) => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.any(&step(&place, &index.to_string()), item, Role::Inner);
                    }
                }
                key if PLAIN.contains(&key) => {}
                key => self.unknown(&place, key, role),
            }
        }
    }

    fn keys(&mut self, pointer: &str, value: &Value) {
        for name in value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
        {
            if let Err(why) = check_key("the name of a property", name) {
                let problem = Problem::error("bad-name", why);
                let hint = "write a short name of plain characters";
                self.fault(&step(pointer, name), problem.hint(hint));
            }
        }
        self.named(pointer, value, Role::Key);
    }

    /// A reference names a definition by the characters of a URI and of a JSON pointer, in which `%`, `~` and `/` mean something else.
    fn definitions(&mut self, pointer: &str, value: &Value) {
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
        let names = value.as_object().into_iter().flatten();
        for (name, _) in names.filter(|(name, _)| name.is_empty() || !name.bytes().all(plain)) {
            let message = format!("`{}` is no name of a definition", escape(name, 64));
            let problem = Problem::error("bad-name", message);
            let hint = "write letters (a to z, A to Z), digits, `.`, `_` and `-`";
            self.fault(&step(pointer, name), problem.hint(hint));
        }
        self.named(pointer, value, Role::Inner);
    }

    fn named(&mut self, pointer: &str, value: &Value, role: Role) {
        for (name, schema) in value.as_object().into_iter().flatten() {
            self.any(&step(pointer, name), schema, role);
        }
    }

    fn unknown(&mut self, place: &str, key: &str, role: Role) {
        let message = format!("unknown key `{}`", escape(key, 64));
        let problem = Problem::error("unknown-key", message);
        let mut known = [&ONE[..], &SEVERAL, &NAMED, &PLAIN].concat();
        known.extend(match role {
            Role::Top => Some("$defs"),
            Role::Key => Some("secret").filter(|_| self.table.has_secrets),
            Role::Inner => None,
        });
        self.fault(place, problem.suggest(key, &known));
    }

    fn reference(&mut self, place: &str, value: &Value) {
        let name = value
            .as_str()
            .and_then(|text| text.strip_prefix(DEFINITIONS));
        let known = self.definitions;
        if name.is_none_or(|name| known.is_none_or(|known| !known.contains_key(name))) {
            let message = format!(
                "the reference {} leads nowhere",
                escape(&value.to_string(), 80)
            );
            let problem = Problem::error("config-reference", message);
            let name = self.table.name;
            let hint = format!(
                "write `\"#/$defs/NAME\"`, and the schema below `{name}.\"$defs\".NAME`; nothing is fetched"
            );
            self.fault(place, problem.hint(hint));
        }
    }

    /// Checks what is marked as secret, or must not be.
    fn secret(&mut self, pointer: &str, schema: &Map<String, Value>, role: Role) {
        let Some(mark) = schema.get("secret") else {
            return;
        };
        let place = step(pointer, "secret");
        let error = |message: &str| Problem::error("config-secret", message);
        if !self.table.has_secrets {
            let problem = error(&format!("`{}` holds no secrets", self.table.name));
            return self.fault(&place, problem.hint("remove the line"));
        }
        if role != Role::Key {
            let problem = error("a secret is a key of its own, not a part of another");
            let hint = "mark a property directly below `config.properties`";
            return self.fault(&place, problem.hint(hint));
        }
        if !mark.is_boolean() {
            let problem = Problem::error("wrong-type", "`secret` is true or false");
            return self.fault(&place, problem.hint("write `secret = true`"));
        }
        if !mark.as_bool().unwrap_or_default() {
            return;
        }
        if schema.get("type").and_then(Value::as_str) != Some("string") {
            let problem = error("a secret is a string").hint("write `type = \"string\"`");
            self.fault(&place, problem);
        }
        for shown in ["default", "const", "enum", "examples"] {
            if schema.contains_key(shown) {
                let problem = error(&format!(
                    "a secret has no `{shown}`: whoever reads the plugin could read it"
                ));
                self.fault(&step(pointer, shown), problem.hint("remove it"));
            }
        }
    }
}

/// A JSON pointer with one more step.
pub(super) fn step(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}
