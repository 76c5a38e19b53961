//! From TOML values to serde types, with errors that say where and what to write instead.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeValue, Error, ValueDeserializer};

use super::check::Problems;
use super::raw::Source;
use super::text::excerpt;
use crate::problem::Problem;

/// How many unknown keys of one table are reported.
const MAX_UNKNOWN: usize = 20;

/// Reads a value as `T` and reports what does not fit. Unknown keys are reported one by one and left out, so that a
/// manifest with a misspelt key still gets its other problems told.
pub(super) fn decode<T: DeserializeOwned>(
    mut value: Spanned<DeValue<'_>>,
    problems: &mut Problems,
) -> Option<T> {
    let span = value.span();
    for _ in 0..MAX_UNKNOWN {
        match T::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(read) => return Some(read),
            Err(error) => {
                problems.add(explain(&error, &span, problems.source()));
                let place = error.span().unwrap_or_default().start;
                let unknown = error.message().starts_with("unknown field");
                if !unknown || !remove_key(value.get_mut(), place) {
                    return None;
                }
            }
        }
    }
    None
}

/// Removes the key that stands at `offset`. Recursive; the depth of a tree is bounded when it is parsed.
fn remove_key(value: &mut DeValue<'_>, offset: usize) -> bool {
    match value {
        DeValue::Table(table) => {
            let found = table.keys().find(|key| key.span().start == offset);
            match found.map(|key| key.get_ref().to_string()) {
                Some(name) => table.remove(name.as_str()).is_some(),
                None => table
                    .iter_mut()
                    .any(|(_, value)| remove_key(value.get_mut(), offset)),
            }
        }
        DeValue::Array(items) => items
            .iter_mut()
            .any(|item| remove_key(item.get_mut(), offset)),
        _ => false,
    }
}

/// The problem behind serde's or the TOML parser's error. `table` is the place if the error has none.
pub(super) fn explain(error: &Error, table: &Range<usize>, source: &Source) -> Problem {
    let message = error.message();
    let span = error.span().unwrap_or_else(|| table.clone());
    classify(message).at(source.place(span.start))
}

fn classify(message: &str) -> Problem {
    let quoted = quoted(message);
    let (first, known) = quoted.split_first().map_or(("", &[][..]), |(a, b)| (*a, b));
    if message.starts_with("unknown field") {
        return unknown_key(first, known);
    }
    if message.starts_with("unknown variant") {
        let problem = Problem::error("bad-value", format!("unknown value `{}`", excerpt(first)));
        return problem.suggest(first, known);
    }
    if message.starts_with("missing field") {
        return missing_key(first);
    }
    if message.starts_with("invalid type") || message.starts_with("wanted string or table") {
        return Problem::error("wrong-type", shown(message)).hint("write a value of that type");
    }
    Problem::error("bad-value", shown(message)).hint("write a value that the key takes")
}

/// A key that nobody reads, with the key that was probably meant.
pub(super) fn unknown_key(key: &str, known: &[&str]) -> Problem {
    let problem = Problem::error("unknown-key", format!("unknown key `{}`", excerpt(key)));
    problem.suggest(key, known)
}

/// A key that must be there.
pub(super) fn missing_key(key: &str) -> Problem {
    Problem::error("missing-key", format!("the key `{key}` is missing"))
        .hint(format!("add `{key} = ...`"))
}

/// The words between backticks: serde names the culprit first and then the alternatives.
fn quoted(message: &str) -> Vec<&str> {
    let alternatives = message
        .rfind("`, expected")
        .map(|at| message.split_at(at + 1));
    let (culprit, rest) = alternatives.unwrap_or((message, ""));
    let start = culprit.find('`').map_or(0, |at| at + 1);
    let end = culprit.rfind('`').unwrap_or(culprit.len()).max(start);
    let first = culprit.get(start..end).unwrap_or_default();
    let others = rest.split('`').skip(1).step_by(2);
    std::iter::once(first).chain(others).collect()
}

/// A message in one line that may quote the manifest.
fn shown(message: &str) -> String {
    message
        .chars()
        .take(300)
        .map(|character| {
            if super::text::is_hidden(character) {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect()
}
