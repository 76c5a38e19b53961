//! Contributions and scopes: kept raw, but with the rules that hold for all of them checked here.

use std::collections::BTreeSet;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::RawContribution;
use super::check::{Problems, hidden_character};
use super::node::Node;
use super::parse::{Value, entries};
use super::raw::RawTable;
use super::text::{excerpt, hidden_in_line, hidden_in_lines, is_name, path_fault};
use crate::problem::Problem;

/// How many contributions a manifest may have.
const MAX_CONTRIBUTIONS: usize = 1_000;

/// The keys of a contribution whose strings are paths inside the package.
const PATH_KEYS: [&str; 4] = ["path", "file", "directory", "entry"];

/// The keys whose strings are shown in one line.
const LINE_KEYS: [&str; 3] = ["name", "title", "description"];

/// The contributions in the order of the text.
pub(super) fn all(value: Option<Value<'_>>, problems: &mut Problems) -> Vec<RawContribution> {
    let mut found = Vec::new();
    for (key, value) in entries(value, "contributes", problems) {
        let extension = key.get_ref().as_ref();
        name_rule(extension, key.span().start, problems);
        of_extension(extension, &value, problems, &mut found);
    }
    found.sort_by_key(|(offset, _)| *offset);
    if let Some((offset, _)) = found.get(MAX_CONTRIBUTIONS) {
        let message = format!("more than {MAX_CONTRIBUTIONS} contributions");
        let problem = Problem::error("too-many", message).hint("split the plugin");
        problems.add_at(problem, *offset);
    }
    found
        .into_iter()
        .map(|(_, contribution)| contribution)
        .collect()
}

fn of_extension(
    extension: &str,
    value: &Value<'_>,
    problems: &mut Problems,
    found: &mut Vec<(usize, RawContribution)>,
) {
    let DeValue::Array(items) = value.get_ref() else {
        let message = format!(
            "`contributes.{}` is not an array of tables",
            excerpt(extension)
        );
        let hint = format!("write `[[contributes.{}]]`", excerpt(extension));
        let problem = Problem::error("wrong-type", message).hint(hint);
        problems.add_at(problem, value.span().start);
        return;
    };
    let mut names = BTreeSet::new();
    for item in items.iter() {
        let Some(table) = raw_table(item, extension, problems) else {
            continue;
        };
        paths(item, problems);
        if let Some(name) = item.get_ref().get("name") {
            entry_name(extension, name, &mut names, problems);
        }
        let extension = extension.to_owned();
        found.push((item.span().start, RawContribution { extension, table }));
    }
}

/// A value as a raw table, with its texts checked; a problem if it is no table.
pub(super) fn raw_table(
    value: &Value<'_>,
    what: &str,
    problems: &mut Problems,
) -> Option<RawTable> {
    if !value.get_ref().is_table() {
        let message = format!("`{}` is not a table", excerpt(what));
        let problem = Problem::error("wrong-type", message);
        problems.add_at(problem.hint("write `{ key = value }`"), value.span().start);
        return None;
    }
    texts(what, value, problems);
    Some(RawTable::new(
        Node::copy(value),
        Arc::clone(problems.source()),
    ))
}

fn entry_name<'v>(
    extension: &str,
    name: &'v Value<'_>,
    names: &mut BTreeSet<&'v str>,
    problems: &mut Problems,
) {
    let place = name.span().start;
    let Some(text) = name.get_ref().as_str() else {
        let problem = Problem::error("wrong-type", "`name` is not a string");
        problems.add_at(problem.hint("write `name = \"my-name\"`"), place);
        return;
    };
    name_rule(text, place, problems);
    if !names.insert(text) {
        let (text, extension) = (excerpt(text), excerpt(extension));
        let message = format!("`{extension}` has two contributions with the name `{text}`");
        let problem = Problem::error("duplicate", message).hint("rename one of the two");
        problems.add_at(problem, place);
    }
}

fn name_rule(text: &str, place: usize, problems: &mut Problems) {
    if !is_name(text) {
        let message = format!("`{}` is not a name", excerpt(text));
        let hint =
            "use lowercase letters, digits and hyphens, at most 63 characters, e.g. `has-disguise`";
        problems.add_at(Problem::error("bad-name", message).hint(hint), place);
    }
}

/// Finds hidden characters in every key and string below a value. Recursive, like all walks here: the depth of a tree
/// is bounded when its text is parsed.
fn texts(key: &str, value: &Value<'_>, problems: &mut Problems) {
    match value.get_ref() {
        DeValue::String(text) => {
            let hidden = if LINE_KEYS.contains(&key) {
                hidden_in_line(text)
            } else {
                hidden_in_lines(text)
            };
            if let Some(hidden) = hidden {
                problems.add_at(hidden_character(key, hidden), value.span().start);
            }
        }
        DeValue::Array(items) => items.iter().for_each(|item| texts(key, item, problems)),
        DeValue::Table(table) => table_texts(table, problems),
        _ => {}
    }
}

fn table_texts(table: &DeTable<'_>, problems: &mut Problems) {
    for (key, value) in table {
        if let Some(hidden) = hidden_in_line(key.get_ref()) {
            problems.add_at(hidden_character(key.get_ref(), hidden), key.span().start);
        }
        texts(key.get_ref(), value, problems);
    }
}

/// Finds paths that lead out of the package.
fn paths(value: &Value<'_>, problems: &mut Problems) {
    match value.get_ref() {
        DeValue::Array(items) => items.iter().for_each(|item| paths(item, problems)),
        DeValue::Table(table) => {
            for (key, value) in table {
                if PATH_KEYS.contains(&key.get_ref().as_ref()) {
                    path(value, problems);
                }
                paths(value, problems);
            }
        }
        _ => {}
    }
}

fn path(value: &Value<'_>, problems: &mut Problems) {
    match value.get_ref() {
        DeValue::String(text) => {
            if let Some(fault) = path_fault(text) {
                let message = format!("the path `{}` leaves the package: {fault}", excerpt(text));
                let hint = "write a path relative to plugin.toml, with `/` between its parts";
                let problem = Problem::error("path-traversal", message).hint(hint);
                problems.add_at(problem, value.span().start);
            }
        }
        DeValue::Array(items) => items
            .iter()
            .for_each(|item: &Spanned<_>| path(item, problems)),
        _ => {}
    }
}
