//! What it costs to use a schema, found before anything uses it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::schema::{DEFINITIONS, Fault};
use crate::problem::Problem;

/// How deep a schema may nest, with its references followed. It is walked recursively wherever it is used.
const MAX_DEPTH: usize = 64;

/// The bytes of text that count as one more value: defaults are copied wherever a reference leads to them.
const TEXT_BYTES: usize = 64;

/// What a schema may cost, with its references followed.
pub(super) struct Budget {
    /// How many JSON values it may have: what checking one value takes. A keyword that tells why a value fails looks at it once more, so at
    /// the worst this counts once for each level.
    nodes: usize,
    /// How many patterns it may have.
    patterns: usize,
    /// The most memory of a compiled pattern, in bytes.
    pub(super) pattern_bytes: usize,
    /// How many defaults it may have: each is checked by itself.
    pub(super) defaults: usize,
    /// What checking all defaults may take: of each the values of its schema to compile, and again for each value of the default.
    pub(super) defaults_work: usize,
}

/// That of a plugin's configuration, of which there is one.
pub(super) const CONFIG: Budget = Budget {
    nodes: 20_000,
    patterns: 200,
    pattern_bytes: 256 * 1024,
    defaults: 200,
    defaults_work: 1_000_000,
};

/// That of the arguments of one command. A plugin may have [`MAX_COMMANDS`], and all of them together stay within what a configuration may cost.
pub(super) const ARGUMENTS: Budget = Budget {
    nodes: 300,
    patterns: 6,
    pattern_bytes: 128 * 1024,
    defaults: 50,
    defaults_work: 15_000,
};

/// How many schemas of arguments a plugin may have.
pub const MAX_COMMANDS: usize = 64;

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
pub(super) fn check(budget: &Budget, schema: &Map<String, Value>) -> Option<Fault> {
    let problem = match Count::of_definitions(schema).of_table(schema, 0) {
        None => {
            let message =
                format!("schemas nest deeper than {MAX_DEPTH} levels, or refer to themselves");
            Problem::error("too-deep", message).hint("write flatter schemas")
        }
        Some(cost) if cost.nodes > budget.nodes || cost.patterns > budget.patterns => {
            let (nodes, patterns) = (cost.nodes, cost.patterns);
            let (most, most_patterns) = (budget.nodes, budget.patterns);
            let message = format!(
                "with its references followed, the schema has {nodes} values ({TEXT_BYTES} bytes of text count as one) and {patterns} patterns; {most} and {most_patterns} are the most"
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves E10, X1: the arguments of as many commands as a plugin may have cost no more than one configuration.
    #[test]
    fn all_commands_of_a_plugin_cost_no_more_than_a_configuration() {
        let costs = |one: &Budget| {
            let patterns = one.patterns * one.pattern_bytes;
            [one.nodes, patterns, one.defaults_work]
        };
        for (command, configuration) in costs(&ARGUMENTS).into_iter().zip(costs(&CONFIG)) {
            assert!(command * MAX_COMMANDS <= configuration, "{command}");
        }
    }
}
