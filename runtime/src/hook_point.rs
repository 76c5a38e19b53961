//! Hook points: the places in a host's work where plugins may look, change and stop.

use serde::Serialize;
use serde_json::Value;

use crate::pattern::check_key;

/// A place in a host's work that handlers of plugins are called at.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HookPoint {
    /// Its name, words with dots between them, for example `tool.pre_exec`.
    pub name: String,
    /// When it is reached, in one sentence.
    pub summary: String,
    /// The JSON Schema of the data that handlers get: an object.
    pub schema: Value,
    /// The fields of the data that handlers may change; the others are as they are.
    pub mutable: Vec<String>,
    /// Whether a handler may stop what is about to happen.
    pub may_block: bool,
}

impl HookPoint {
    /// A point at which handlers only look.
    pub fn new(name: impl Into<String>, summary: impl Into<String>, schema: Value) -> Self {
        Self {
            name: name.into(),
            summary: summary.into(),
            schema,
            mutable: Vec::new(),
            may_block: false,
        }
    }

    /// The same point, at which handlers may change these fields.
    #[must_use]
    pub fn mutable<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.mutable.extend(fields.into_iter().map(Into::into));
        self
    }

    /// The same point, at which handlers may stop what is about to happen.
    #[must_use]
    pub fn may_block(mut self) -> Self {
        self.may_block = true;
        self
    }

    /// What is wrong with the point, if anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        check_key("name", &self.name)?;
        let properties = self.schema.get("properties").and_then(Value::as_object);
        let properties = properties.ok_or("its schema has no `properties`")?;
        match self
            .mutable
            .iter()
            .find(|field| !properties.contains_key(*field))
        {
            Some(field) => Err(format!(
                "`{field}` may be changed, but its schema has no such property"
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Proves E7: a point says which fields may be changed, and they must be there.
    #[test]
    fn a_point_names_fields_that_it_has() {
        let point = HookPoint::new("a.b", "When.", json!({ "properties": { "text": {} } }));
        assert_eq!(point.clone().mutable(["text"]).check(), Ok(()));
        assert!(
            point
                .mutable(["texts"])
                .check()
                .is_err_and(|why| why.contains("`texts`"))
        );
        assert!(HookPoint::new("a", "", json!({})).check().is_err());
        assert!(
            HookPoint::new("a\n", "", json!({ "properties": {} }))
                .check()
                .is_err()
        );
    }
}
