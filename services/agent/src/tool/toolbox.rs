//! The tools of an agent, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::Tool;
use crate::model::Offer;
use crate::text;

/// How many things that are wrong with arguments the model is told at once.
const MAX_FAULTS: usize = 3;

/// The longest description of one of them, in bytes: it quotes the arguments.
const FAULT_BYTES: usize = 300;

/// The tools of an agent, by name.
#[derive(Clone, Default)]
pub struct Toolbox(BTreeMap<String, Arc<Entry>>);

struct Entry {
    tool: Box<dyn Tool>,
    offer: Offer,
    arguments: Validator,
}

/// Why a tool cannot be offered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolboxError {
    /// Servers refuse such names.
    #[error(
        "`{0}` is no name of a tool: it has 1 to 64 letters, digits, `_` and `-`, such as `read_file`"
    )]
    Name(String),
    /// Two tools have one name.
    #[error("there are two tools named `{0}`")]
    Duplicate(String),
    /// The schema of its arguments is none.
    #[error("the arguments of the tool `{tool}` have no JSON Schema of an object: {why}")]
    Schema {
        /// The tool.
        tool: String,
        /// What is wrong.
        why: String,
    },
}

impl Toolbox {
    /// No tools.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this tool too.
    ///
    /// # Errors
    /// Its name or its schema is not as servers want it, or another tool has its name.
    pub fn with(self, tool: impl Tool) -> Result<Self, ToolboxError> {
        self.with_boxed(Box::new(tool))
    }

    /// With these tools too.
    ///
    /// # Errors
    /// As [`Toolbox::with`].
    pub fn with_all(
        self,
        tools: impl IntoIterator<Item = Box<dyn Tool>>,
    ) -> Result<Self, ToolboxError> {
        tools.into_iter().try_fold(self, Self::with_boxed)
    }

    fn with_boxed(mut self, tool: Box<dyn Tool>) -> Result<Self, ToolboxError> {
        let name = tool.name().to_owned();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_part) {
            return Err(ToolboxError::Name(name));
        }
        if self.0.contains_key(&name) {
            return Err(ToolboxError::Duplicate(name));
        }
        let parameters = tool.parameters();
        let wrong = |why: String| ToolboxError::Schema {
            tool: name.clone(),
            why,
        };
        if parameters.get("type").is_none_or(|kind| kind != "object") {
            return Err(wrong("its `type` is not `object`".to_owned()));
        }
        let arguments =
            jsonschema::validator_for(&parameters).map_err(|error| wrong(error.to_string()))?;
        let offer = Offer {
            name: name.clone(),
            description: tool.description().to_owned(),
            parameters,
        };
        let entry = Entry {
            tool,
            offer,
            arguments,
        };
        self.0.insert(name, Arc::new(entry));
        Ok(self)
    }

    /// The tools' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The same tools without those that are not named. Names of no tool do not count.
    pub(crate) fn only(&self, names: &[String]) -> Self {
        let kept = self.0.iter().filter(|(name, _)| names.contains(name));
        Self(
            kept.map(|(name, entry)| (name.clone(), Arc::clone(entry)))
                .collect(),
        )
    }

    /// What a model is told about them.
    pub(crate) fn offers(&self) -> Vec<Offer> {
        self.0.values().map(|entry| entry.offer.clone()).collect()
    }

    /// The tool with this name.
    ///
    /// # Errors
    /// What to tell the model.
    pub(crate) fn find(&self, name: &str) -> Result<&dyn Tool, String> {
        match self.0.get(name) {
            Some(entry) => Ok(&*entry.tool),
            None => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> String {
        let names: Vec<_> = self.names().collect();
        let name = text::head(name, 64);
        match names.is_empty() {
            true => format!("there is no tool `{name}`, nor any other"),
            false => format!("there is no tool `{name}`; there are {}", names.join(", ")),
        }
    }

    /// The arguments, if they fit the tool.
    ///
    /// # Errors
    /// What to tell the model.
    pub(crate) fn check(
        &self,
        name: &str,
        arguments: &Value,
    ) -> Result<Map<String, Value>, String> {
        let Some(entry) = self.0.get(name) else {
            return Err(self.unknown(name));
        };
        let Value::Object(object) = arguments else {
            return Err("the arguments are no JSON object".to_owned());
        };
        let faults = entry.arguments.iter_errors(arguments).take(MAX_FAULTS);
        let faults: Vec<_> = faults
            .map(|fault| {
                let place = fault.instance_path().to_string();
                let fault = fault.to_string();
                let fault = text::head(&fault, FAULT_BYTES);
                match place.is_empty() {
                    true => fault.to_owned(),
                    false => format!("{place}: {fault}"),
                }
            })
            .collect();
        match faults.is_empty() {
            true => Ok(object.clone()),
            false => Err(format!("the arguments do not fit: {}", faults.join("; "))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tool::ToolError;
    use async_trait::async_trait;
    use serde_json::json;

    struct Odd(&'static str, Value);

    #[async_trait]
    impl Tool for Odd {
        fn name(&self) -> &str {
            self.0
        }
        fn description(&self) -> &str {
            "Is odd."
        }
        fn parameters(&self) -> Value {
            self.1.clone()
        }
        async fn run(&self, _: Map<String, Value>) -> Result<String, ToolError> {
            Ok("odd".to_owned())
        }
    }

    fn odd() -> Value {
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
    }

    #[test]
    fn a_tool_is_what_servers_take() {
        let refused = |name, schema| Toolbox::new().with(Odd(name, schema)).err().unwrap();
        assert!(matches!(refused("", odd()), ToolboxError::Name(_)));
        assert!(matches!(refused("a b", odd()), ToolboxError::Name(_)));
        let none = refused("odd", json!({"type": "array"}));
        assert!(matches!(none, ToolboxError::Schema { .. }));
        let wrong = refused("odd", json!({"type": "object", "required": 1}));
        assert!(matches!(wrong, ToolboxError::Schema { .. }));
        let twice = Toolbox::new().with(Odd("odd", odd())).unwrap();
        let twice = twice.with(Odd("odd", odd())).err();
        assert_eq!(twice, Some(ToolboxError::Duplicate("odd".to_owned())));
    }

    #[test]
    fn arguments_are_checked() {
        let tools = Toolbox::new().with(Odd("odd", odd())).unwrap();
        assert!(tools.check("odd", &json!({"n": 1})).is_ok());
        let refused = |arguments| tools.check("odd", &arguments).unwrap_err();
        assert!(refused(json!({})).contains("\"n\" is a required property"));
        assert!(refused(json!({"n": "x"})).contains("/n: \"x\" is not"));
        assert!(refused(json!("{n")).contains("no JSON object"));
        let unknown = tools.check("even", &json!({})).unwrap_err();
        assert_eq!(unknown, "there is no tool `even`; there are odd");
        let none = tools.only(&["even".to_owned()]);
        assert!(none.offers().is_empty() && none.find("odd").is_err());
    }
}
