//! From the words of a command to its arguments.

use portcullis::extension::commands::CommandEntry;
use serde_json::{Map, Value};

use crate::words::first_word;

/// The arguments that a line gives to a command: named ones as `key=value`, the others in the order of the manifest's `positional`. The last of those, if
/// it is a string, takes the rest of the line as it stands, so named ones come before it. A word becomes what its argument takes; where it does not
/// fit it stays a string, and the host says what is wrong.
///
/// # Errors
/// What is wrong with the line, in words for whoever wrote it.
pub(crate) fn arguments(line: &str, command: &CommandEntry) -> Result<Map<String, Value>, String> {
    let mut arguments = Map::new();
    let mut positional = command.positional.iter();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let first = first_word(rest);
        let named = first
            .as_ref()
            .ok()
            .and_then(|(word, _)| word.key.as_deref());
        if named.is_none_or(|key| !command.arguments.has(key))
            && let [name] = positional.as_slice()
            && kind(command, name) == "string"
        {
            set(&mut arguments, name, unquoted(rest).into())?;
            break;
        }
        let (word, after) = first?;
        let (name, text) = match word.key {
            Some(key) if command.arguments.has(&key) => (key, word.text),
            key => match (positional.next(), key) {
                (Some(name), Some(key)) => (name.clone(), format!("{key}={}", word.text)),
                (Some(name), None) => (name.clone(), word.text),
                // There is no such argument, which the host says best: it knows which one was meant.
                (None, Some(key)) => (key, word.text),
                (None, None) => return Err(too_many(command)),
            },
        };
        let value = value(&kind(command, &name), text);
        set(&mut arguments, &name, value)?;
        rest = after.trim_start();
    }
    Ok(arguments)
}

fn set(arguments: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), String> {
    match arguments.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(format!("`{name}` is given twice")),
    }
}

/// The JSON types that an argument takes.
fn kind(command: &CommandEntry, name: &str) -> String {
    let key = command.arguments.keys().find(|key| key.name == name);
    key.map_or_else(|| "any".to_owned(), |key| key.kind)
}

/// A text as it stands; if it is one quotation from its first character to its last, what is quoted.
fn unquoted(text: &str) -> String {
    quoted(text).unwrap_or_else(|| text.to_owned())
}

fn quoted(text: &str) -> Option<String> {
    let mut chars = text.chars();
    let mark = chars.next().filter(|c| matches!(c, '"' | '\''))?;
    let mut quoted = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\\' => quoted.extend(chars.next()),
            c if c == mark => return chars.as_str().is_empty().then_some(quoted),
            c => quoted.push(c),
        }
    }
    None
}

fn too_many(command: &CommandEntry) -> String {
    match command.positional.len() {
        0 if command.arguments.keys().next().is_none() => "it takes no arguments".to_owned(),
        0 => "its arguments are given as `name=value`".to_owned(),
        1 => "it takes one word; put several into quotes".to_owned(),
        count => format!("it takes {count} words; put several into quotes"),
    }
}

/// A word as the type that its argument takes.
fn value(kind: &str, text: String) -> Value {
    match (kind, &*text) {
        ("boolean", "yes" | "on") => return true.into(),
        ("boolean", "no" | "off") => return false.into(),
        ("string" | "any", _) => return text.into(),
        _ => {}
    }
    let read = serde_json::from_str::<Value>(&text).ok();
    read.filter(|value| takes(kind, value))
        .unwrap_or_else(|| text.into())
}

fn takes(kind: &str, value: &Value) -> bool {
    let takes = |one: &str| kind.split(" or ").any(|kind| kind == one);
    match value {
        Value::Null => takes("null"),
        Value::Bool(_) => takes("boolean"),
        Value::Number(number) => takes("number") || takes("integer") && !number.is_f64(),
        Value::Array(_) => takes("array"),
        Value::Object(_) => takes("object"),
        Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves E10: a last text stays as it stands, of one word or of several, unless it is one quotation.
    #[test]
    fn only_a_quotation_is_unquoted() {
        for (text, expected) in [
            (r"C:\dir", r"C:\dir"),
            (r"C:\dir and more", r"C:\dir and more"),
            (r#""two words""#, "two words"),
            (r#""say \"hi\"""#, "say \"hi\""),
            ("'one'", "one"),
            ("\"\"", ""),
            ("'it's'", "'it's'"),
            (r#""a" and "b""#, r#""a" and "b""#),
            (r#"a"b c"d"#, r#"a"b c"d"#),
            ("\"open", "\"open"),
            ("don't", "don't"),
            ("\"", "\""),
        ] {
            assert_eq!(unquoted(text), expected, "{text}");
        }
    }
}
