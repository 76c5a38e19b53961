//! Values from bytes. What is used up is followed by zeros, so that any bytes make a value.

use arbitrary::Unstructured;
use serde_json::{Map, Value};

/// The bytes, read from the front.
pub(crate) struct Input<'a>(Unstructured<'a>);

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// Whether there is nothing left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or(0)
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// A number that is often small or at an end.
    pub(crate) fn number(&mut self) -> u64 {
        match self.byte() {
            255 => u64::MAX,
            254 => i64::MAX as u64,
            253 => self.0.arbitrary().unwrap_or(0),
            small => u64::from(small),
        }
    }

    /// One of these.
    pub(crate) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }

    /// A few, at most `most`.
    pub(crate) fn few<T>(&mut self, most: u8, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = if self.is_empty() {
            0
        } else {
            self.byte() % (most + 1)
        };
        (0..count).map(|_| make(self)).collect()
    }

    /// A text of at most `most` bytes.
    pub(crate) fn text(&mut self, most: u8) -> String {
        let length = usize::from(self.byte() % (most + 1)).min(self.0.len());
        let bytes = self.0.bytes(length).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// Some JSON, with keys of this alphabet, so that objects meet.
    pub(crate) fn json(&mut self, keys: &[&str], depth: u8) -> Value {
        match self.byte() % if depth == 0 { 6 } else { 9 } {
            0 => Value::Null,
            1 => Value::from(self.flag()),
            2 => Value::from(self.number()),
            3 => Value::from(-i64::from(self.byte())),
            4 => Value::from(f64::from(self.byte()) / 8.0),
            5 => Value::from(self.text(24)),
            6 => Value::Array(self.few(4, |input| input.json(keys, depth - 1))),
            _ => Value::Object(self.object(keys, depth - 1)),
        }
    }

    /// An object of some JSON.
    pub(crate) fn object(&mut self, keys: &[&str], depth: u8) -> Map<String, Value> {
        let entries = self.few(5, |input| {
            (input.one(keys).to_owned(), input.json(keys, depth))
        });
        entries.into_iter().collect()
    }
}
