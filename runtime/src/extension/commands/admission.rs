//! Whether a command of a manifest makes sense, and lies within the scope that the plugin is given.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Command, CommandScope, PERMISSION};
use crate::configuration::ArgumentSchema;
use crate::log_record::escape;
use crate::manifest::{RawTable, is_name};
use crate::permission::{Admission, RawParser};
use crate::problem::Problem;

/// How many other names a command may have: each is a name that no other plugin can have.
const MAX_ALIASES: usize = 8;

/// Reads a command; what is wrong with its arguments has its place in the text.
pub(super) const PARSER: RawParser = RawParser {
    check,
    schema: RawParser::of::<Command>().schema,
};

fn check(table: &RawTable) -> Result<(), Problem> {
    let Err(problem) = table.parse::<Command>() else {
        return Ok(());
    };
    // Only now, as it takes time: whether it is the arguments, and where in them.
    if let Some(Value::Object(schema)) = table.to_json().get("arguments") {
        ArgumentSchema::of(schema.clone()).map_err(|faults| first(faults, table))?;
    }
    Err(problem)
}

/// The fault that is told: the others may follow from it.
fn first(faults: Vec<crate::configuration::Fault>, table: &RawTable) -> Problem {
    let fault = faults.into_iter().next();
    let (pointer, problem) = fault.map_or_else(
        || {
            (
                String::new(),
                Problem::error("config-schema", "no JSON Schema"),
            )
        },
        |fault| (fault.pointer, fault.problem),
    );
    problem.at(table.location_below(&format!("/arguments{pointer}")))
}

/// What is wrong with a command that was read.
pub(super) fn admits(table: &RawTable, admission: Admission<'_>) -> Vec<Problem> {
    let Ok(command) = table.parse::<Command>() else {
        return Vec::new();
    };
    let mut problems = names(table, &command);
    problems.extend(positional(table, &command));
    for scope in admission.scopes {
        // One that cannot be read was told where the permission is asked for.
        if let Ok(scope) = scope.parse::<CommandScope>() {
            problems.extend(outside(table, &command, &scope));
        }
    }
    problems
}

fn names(table: &RawTable, command: &Command) -> Vec<Problem> {
    let at = |problem: Problem| match table.location_of("aliases") {
        Some(place) => problem.at(place),
        None => problem,
    };
    let mut problems = Vec::new();
    if command.aliases.len() > MAX_ALIASES {
        let message = format!("`{}` has more than {MAX_ALIASES} aliases", command.name);
        problems.push(at(
            Problem::error("too-many", message).hint("keep the shortest")
        ));
    }
    let mut names = BTreeSet::from([&command.name]);
    for alias in &command.aliases {
        let shown = escape(alias, 64);
        if !is_name(alias) {
            let message = format!("`{shown}` is not a name");
            let hint = "use lowercase letters, digits and hyphens, at most 63 characters";
            problems.push(at(Problem::error("bad-name", message).hint(hint)));
        } else if !names.insert(alias) {
            let message = format!("`{}` has the name `{shown}` twice", command.name);
            problems.push(at(
                Problem::error("duplicate", message).hint("remove one of the two")
            ));
        }
    }
    problems
}

fn positional(table: &RawTable, command: &Command) -> Vec<Problem> {
    let at = |problem: Problem| match table.location_of("positional") {
        Some(place) => problem.at(place),
        None => problem,
    };
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for name in &command.positional {
        let shown = escape(name, 64);
        if !command.arguments.has(name) {
            let message = format!("`{shown}` is no argument of `{}`", command.name);
            let keys: Vec<_> = command.arguments.keys().map(|key| key.name).collect();
            let known: Vec<_> = keys.iter().map(String::as_str).collect();
            problems.push(at(
                Problem::error("unknown-key", message).suggest(name, &known)
            ));
        } else if !seen.insert(name) {
            let message = format!("`{shown}` is positional twice");
            problems.push(at(
                Problem::error("duplicate", message).hint("remove one of the two")
            ));
        }
    }
    problems
}

fn outside(table: &RawTable, command: &Command, scope: &CommandScope) -> Option<Problem> {
    let is_inside = |name: &&String| scope.commands.iter().any(|one| one.matches(name));
    let names = std::iter::once(&command.name).chain(&command.aliases);
    let outside: Vec<_> = names.filter(|name| !is_inside(name)).cloned().collect();
    let name = outside.first()?;
    let allowed: Vec<_> = scope.commands.iter().map(ToString::to_string).collect();
    let what = match *name == command.name {
        true => format!("the command `{name}`"),
        false => format!("the alias `{name}` of `{}`", command.name),
    };
    let allowed = allowed.join(", ");
    let message = format!("{what} lies outside the scope of `{PERMISSION}`: {allowed}");
    let problem = Problem::error("out-of-scope", message);
    let problem = problem.hint("rename it, or widen `commands` of the scope");
    Some(problem.at(table.location_of("name").unwrap_or(table.location())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn problems(command: &str, scope: &str) -> Vec<String> {
        let table = RawTable::from_toml_str(command).unwrap();
        let scope = RawTable::from_toml_str(scope).unwrap();
        let admission = Admission {
            catalogue: &crate::catalogue(),
            scopes: std::slice::from_ref(&scope),
            own_scope: Some(&scope),
            plugin: &"clerk".parse().unwrap(),
        };
        match check(&table) {
            Err(problem) => vec![problem.to_string()],
            Ok(()) => admits(&table, admission)
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }

    fn problem(command: &str) -> String {
        let problems = problems(command, "");
        assert_eq!(problems.len(), 1, "{command}: {problems:?}");
        problems.concat()
    }

    /// Proves E10: what is wrong with a command names the place and the fix.
    #[test]
    fn the_rules_of_a_command() {
        let good = "name = \"dice\"\naliases = [\"roll\", \"d\"]\npositional = [\"sides\"]\n[arguments.properties.sides]\ntype = \"integer\"\n";
        assert_eq!(problems(good, ""), Vec::<String>::new());
        for (change, expected) in [
            (
                ("\"d\"", "\"D 6\""),
                "toml:2:11: `D 6` is not a name (use lowercase",
            ),
            (
                ("\"d\"", "\"dice\""),
                "toml:2:11: `dice` has the name `dice` twice",
            ),
            (
                ("[\"sides\"]", "[\"side\"]"),
                "toml:3:14: `side` is no argument of `dice` (did you mean `sides`?)",
            ),
            (
                ("[\"sides\"]", "[\"sides\", \"sides\"]"),
                "toml:3:14: `sides` is positional twice",
            ),
            (
                ("\"integer\"", "\"number of sides\""),
                "toml:5:1: not a JSON Schema",
            ),
            (
                ("type", "secret = true\ntype"),
                "toml:5:1: `arguments` holds no secrets",
            ),
            (("aliases", "alias"), "toml:2:1: unknown key `alias`"),
        ] {
            let told = problem(&good.replace(change.0, change.1));
            assert!(told.starts_with(expected), "{told}");
        }
        let many = format!(
            "name = \"x\"\naliases = {:?}",
            ["a", "b", "c", "d", "e", "f", "g", "h", "i"]
        );
        assert!(problem(&many).contains("more than 8 aliases"));
    }

    /// Proves E10 and P4: each name must lie within each scope, aliases too.
    #[test]
    fn names_lie_within_the_scope() {
        let command = "name = \"game-start\"\naliases = [\"play\"]";
        assert_eq!(problems(command, ""), Vec::<String>::new());
        let scope = "commands = [\"game-*\", \"play\"]";
        assert_eq!(problems(command, scope), Vec::<String>::new());
        assert_eq!(
            problems(command, "commands = [\"game-*\"]"),
            [
                "toml:1:8: the alias `play` of `game-start` lies outside the scope of `command:handle`: game-* (rename it, or widen `commands` of the scope)"
            ]
        );
    }
}
