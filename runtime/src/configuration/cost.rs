//! What it costs to use a schema, found before anything uses it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::schema::{DEFINITIONS, Fault};
use crate::problem::Problem;

/// How deep a schema may nest, with its references followed. It is walked recursively wherever it is used.
const MAX_DEPTH: usize = 64;

/// How many JSON values a schema may have, with its references followed: what checking one value takes. A keyword that tells why
/// a value fails looks at it once more, so at the worst this counts once for each level.
const MAX_NODES: usize = 20_000;

/// The bytes of text that count as one more value: defaults are copied wherever a reference leads to them.
const TEXT_BYTES: usize = 64;

/// How many patterns a schema may have, with its references followed: a compiled one takes up to 256 KiB.
const MAX_PATTERNS: usize = 200;

/// What a part of a schema costs, with its references followed.
#[derive(Clone, Copy, Default)]
struct Cost {
    nodes: usize,
    /// The levels below it, and its own.
    height: usize,
    patterns: usize,
}

impl Cost {
    const ONE: Self = Self {
        nodes: 1,
        height: 1,
        patterns: 0,
    };

    fn of_text(text: &str) -> Self {
        Self {
            nodes: 1 + text.len() / TEXT_BYTES,
            ..Self::ONE
        }
    }

    fn add_below(&mut self, part: Self) {
        self.nodes = self.nodes.saturating_add(part.nodes);
        self.height = self.height.max(part.height + 1);
        self.patterns = self.patterns.saturating_add(part.patterns);
    }
}

/// What is wrong with the cost of a schema, if anything: it nests too deep, refers to itself, or is too large.
pub(super) fn check(schema: &Map<String, Value>) -> Option<Fault> {
    let problem = match Count::of_definitions(schema).of_table(schema, 0) {
        None => {
            let message =
                format!("schemas nest deeper than {MAX_DEPTH} levels, or refer to themselves");
            Problem::error("too-deep", message).hint("write flatter schemas")
        }
        Some(cost) if cost.nodes > MAX_NODES || cost.patterns > MAX_PATTERNS => {
            let (nodes, patterns) = (cost.nodes, cost.patterns);
            let message = format!(
                "with its references followed, the schema has {nodes} values ({TEXT_BYTES} bytes of text count as one) and {patterns} patterns; {MAX_NODES} and {MAX_PATTERNS} are the most"
            );
            Problem::error("too-large", message).hint("write a simpler schema")
        }
        Some(_) => return None,
    };
    let pointer = String::new();
    Some(Fault { pointer, problem })
}

/// How many values a part of a schema has, with its references followed. `top` has the definitions, and was found good.
pub(super) fn nodes(top: &Map<String, Value>, part: &Value) -> usize {
    let cost = Count::of_definitions(top).of(part, 0);
    cost.map_or(usize::MAX, |cost| cost.nodes)
}

struct Count<'s> {
    definitions: Option<&'s Map<String, Value>>,
    /// What each definition costs; `None` while that is being found.
    known: BTreeMap<&'s str, Option<Cost>>,
}

impl<'s> Count<'s> {
    fn of_definitions(top: &'s Map<String, Value>) -> Self {
        Self {
            definitions: top.get("$defs").and_then(Value::as_object),
            known: BTreeMap::new(),
        }
    }

    /// `None` if it nests too deep.
    fn of(&mut self, value: &'s Value, depth: usize) -> Option<Cost> {
        if depth > MAX_DEPTH {
            return None;
        }
        match value {
            Value::Object(table) => self.of_table(table, depth),
            Value::Array(items) => {
                let mut cost = Cost::ONE;
                for item in items {
                    cost.add_below(self.of(item, depth + 1)?);
                }
                Some(cost)
            }
            Value::String(text) => Some(Cost::of_text(text)),
            _ => Some(Cost::ONE),
        }
    }

    fn of_table(&mut self, table: &'s Map<String, Value>, depth: usize) -> Option<Cost> {
        let mut cost = Cost::ONE;
        for (key, value) in table {
            cost.add_below(self.of(value, depth + 1)?);
            cost.nodes = cost.nodes.saturating_add(key.len() / TEXT_BYTES);
            cost.patterns += match key.as_str() {
                "pattern" => 1,
                "patternProperties" => value.as_object().map_or(0, Map::len),
                _ => 0,
            };
            let name = value
                .as_str()
                .and_then(|text| text.strip_prefix(DEFINITIONS));
            if let Some(name) = name.filter(|_| key == "$ref") {
                cost.add_below(self.of_definition(name, depth + 1)?);
            }
        }
        Some(cost)
    }

    fn of_definition(&mut self, name: &'s str, depth: usize) -> Option<Cost> {
        if let Some(known) = self.known.get(name) {
            return known.filter(|cost| depth + cost.height <= MAX_DEPTH);
        }
        let Some(schema) = self.definitions.and_then(|all| all.get(name)) else {
            return Some(Cost::default());
        };
        self.known.insert(name, None);
        let cost = self.of(schema, depth)?;
        self.known.insert(name, Some(cost));
        Some(cost)
    }
}
