//! A TOML value that owns its text and keeps its places.
//!
//! The TOML parser's own tree borrows from the text, and its numbers cannot be made anew. This one is kept in a
//! `RawTable` and lends the parser's shape whenever it is read.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};
use toml::value::Datetime;

/// A value that owns everything. The depth of a tree is bounded when its text is parsed, so that recursion is safe.
#[derive(Clone, Debug)]
pub(super) enum Node {
    String(String),
    /// The digits with their prefix (`0x1f`), without underscores.
    Integer(String),
    Float(String),
    Boolean(bool),
    Datetime(Datetime),
    Array(Vec<Spanned<Node>>),
    Table(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl Node {
    /// The parser's value, copied.
    pub(super) fn copy(value: &Spanned<DeValue<'_>>) -> Spanned<Self> {
        let node = match value.get_ref() {
            DeValue::String(text) => Self::String(text.to_string()),
            DeValue::Integer(number) => Self::Integer(number.to_string()),
            DeValue::Float(number) => Self::Float(number.to_string()),
            DeValue::Boolean(flag) => Self::Boolean(*flag),
            DeValue::Datetime(time) => Self::Datetime(*time),
            DeValue::Array(items) => Self::Array(items.iter().map(Self::copy).collect()),
            DeValue::Table(table) => Self::copy_table(table),
        };
        Spanned::new(value.span(), node)
    }

    /// The parser's table, copied.
    pub(super) fn copy_table(table: &DeTable<'_>) -> Self {
        let entry = |(key, value): (&Spanned<Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
            let name = Spanned::new(key.span(), key.get_ref().to_string());
            (name, Self::copy(value))
        };
        Self::Table(table.iter().map(entry).collect())
    }

    /// The parser's shape of the value, borrowed.
    pub(super) fn lend(node: &Spanned<Self>) -> Spanned<DeValue<'_>> {
        let value = match node.get_ref() {
            Self::String(text) => DeValue::String(Cow::Borrowed(text)),
            Self::Integer(digits) | Self::Float(digits) => lend_number(digits),
            Self::Boolean(flag) => DeValue::Boolean(*flag),
            Self::Datetime(time) => DeValue::Datetime(*time),
            Self::Array(items) => {
                let mut array = DeArray::new();
                items.iter().for_each(|item| array.push(Self::lend(item)));
                DeValue::Array(array)
            }
            Self::Table(entries) => {
                let mut table = DeTable::new();
                for (key, value) in entries {
                    let name = Spanned::new(key.span(), Cow::Borrowed(key.get_ref().as_str()));
                    table.insert(name, Self::lend(value));
                }
                DeValue::Table(table)
            }
        };
        Spanned::new(node.span(), value)
    }

    /// The value of a key, if this is a table that has it.
    pub(super) fn get(&self, name: &str) -> Option<&Spanned<Self>> {
        let Self::Table(entries) = self else {
            return None;
        };
        let entry = entries.iter().find(|(key, _)| key.get_ref() == name);
        entry.map(|(_, value)| value)
    }

    /// The place of the innermost value on the way of a JSON pointer, of its key if it is a table's; `None` for this one.
    pub(super) fn span_below(&self, pointer: &str) -> Option<Range<usize>> {
        let (step, rest) = pointer.strip_prefix('/').map(|path| match path.find('/') {
            Some(end) => path.split_at(end),
            None => (path, ""),
        })?;
        let name = step.replace("~1", "/").replace("~0", "~");
        let (span, value) = match self {
            Self::Table(entries) => {
                let (key, value) = entries.iter().find(|(key, _)| *key.get_ref() == name)?;
                (key.span(), value)
            }
            Self::Array(items) => {
                let item = items.get(name.parse::<usize>().ok()?)?;
                (item.span(), item)
            }
            _ => return None,
        };
        Some(value.get_ref().span_below(rest).unwrap_or(span))
    }

    /// The value as JSON. Dates become strings; so do numbers that JSON does not have.
    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::String(text) => Json::from(text.as_str()),
            Self::Integer(digits) => integer(digits),
            Self::Float(digits) => float(digits),
            Self::Boolean(flag) => Json::from(*flag),
            Self::Datetime(time) => Json::from(time.to_string()),
            Self::Array(items) => items.iter().map(|item| item.get_ref().to_json()).collect(),
            Self::Table(entries) => {
                let entry = |(key, value): &(Spanned<String>, Spanned<Self>)| {
                    (key.get_ref().clone(), value.get_ref().to_json())
                };
                Json::Object(entries.iter().map(entry).collect())
            }
        }
    }
}

/// The digits were a number when they were parsed first, so they are one now.
fn lend_number(digits: &str) -> DeValue<'_> {
    DeValue::parse(digits).map_or(DeValue::String(Cow::Borrowed(digits)), Spanned::into_inner)
}

fn integer(digits: &str) -> Json {
    let (radix, bare) = match digits.get(..2) {
        Some("0x") => (16, digits.get(2..)),
        Some("0o") => (8, digits.get(2..)),
        Some("0b") => (2, digits.get(2..)),
        _ => (10, Some(digits)),
    };
    let bare = bare.unwrap_or_default();
    let signed = i64::from_str_radix(bare, radix).map(Json::from);
    signed
        .or_else(|_| u64::from_str_radix(bare, radix).map(Json::from))
        .unwrap_or_else(|_| Json::from(digits))
}

fn float(digits: &str) -> Json {
    let number = digits.parse().ok().and_then(serde_json::Number::from_f64);
    number.map_or_else(|| Json::from(digits), Json::Number)
}
