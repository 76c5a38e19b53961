//! A table of the manifest that is kept as it stands until its owner parses it.

use std::borrow::Borrow;
use std::ops::Range;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::ValueDeserializer;

use super::node::Node;
use super::{decode, parse};
use crate::problem::{Location, Problem};

/// A text with its name, for places.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: String,
    pub(super) text: String,
}

impl Source {
    pub(super) fn place(&self, offset: usize) -> Location {
        Location::of_offset(&self.file, &self.text, offset)
    }
}

/// A table that belongs to a capability (a scope) or to an extension (a contribution), with its places in the text.
/// Two tables are equal if their values are.
#[derive(Clone, Debug)]
pub struct RawTable {
    value: Spanned<Node>,
    source: Arc<Source>,
}

impl RawTable {
    /// A table of a text that was parsed and measured; `value` is a table.
    pub(super) fn new(value: Spanned<Node>, source: Arc<Source>) -> Self {
        Self { value, source }
    }

    /// Reads the table as `T`.
    ///
    /// # Errors
    /// The first thing that does not fit `T`, with its line and column in the manifest; an unknown key (use
    /// `deny_unknown_fields`) comes with the key that was probably meant.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        T::deserialize(ValueDeserializer::from(Node::lend(&self.value)))
            .map_err(|error| decode::explain(&error, &self.value.span(), &self.source))
    }

    /// Where the table starts.
    pub fn location(&self) -> Location {
        self.source.place(self.value.span().start)
    }

    /// Where a part of the table stands, by the span of a `toml::Spanned` field that [`RawTable::parse`] gave.
    pub fn locate(&self, span: Range<usize>) -> Location {
        self.source.place(span.start)
    }

    /// Where the value of a key of this table stands, if it has the key.
    pub fn location_of(&self, key: &str) -> Option<Location> {
        let value = self.value.get_ref().get(key)?;
        Some(self.source.place(value.span().start))
    }

    /// The place of the value that a JSON pointer leads to, or of the innermost one on the way to it that the table has.
    pub(crate) fn location_below(&self, pointer: &str) -> Location {
        let place = self.value.get_ref().span_below(pointer);
        self.source.place(place.unwrap_or(self.value.span()).start)
    }

    /// The table as a JSON object, for display, digests and JSON output. Dates become strings; so do numbers that JSON
    /// does not have (`nan`, `inf`).
    pub fn to_json(&self) -> Json {
        self.value.get_ref().to_json()
    }

    /// A table from a JSON object, for a host's policies and for tests.
    ///
    /// # Errors
    /// The value is not an object, has a null or a number that TOML does not have, or nests too deep.
    pub fn from_json(value: impl Borrow<Json>) -> Result<Self, Problem> {
        let value = value.borrow();
        if !value.is_object() {
            return Err(Problem::error("wrong-type", "the value is not an object"));
        }
        let text = toml::to_string(value).map_err(|error| {
            Problem::error(
                "bad-value",
                format!("the value does not fit a manifest: {error}"),
            )
        })?;
        Self::from_text("json", text)
    }

    /// A table from TOML text, for a host's policies and for tests.
    ///
    /// # Errors
    /// The first syntax error; the text is too large or nests too deep.
    pub fn from_toml_str(text: &str) -> Result<Self, Problem> {
        Self::from_text("toml", text.to_owned())
    }

    fn from_text(file: &str, text: String) -> Result<Self, Problem> {
        let source = Arc::new(Source {
            file: file.to_owned(),
            text,
        });
        let root = parse::tree(&source).map_err(|problems| {
            let syntax = || Problem::error("bad-syntax", "the text is not TOML");
            problems.into_iter().next().unwrap_or_else(syntax)
        })?;
        let value = Spanned::new(root.span(), Node::copy_table(root.get_ref()));
        drop(root);
        Ok(Self::new(value, source))
    }
}

impl PartialEq for RawTable {
    fn eq(&self, other: &Self) -> bool {
        self.to_json() == other.to_json()
    }
}

impl Serialize for RawTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}
