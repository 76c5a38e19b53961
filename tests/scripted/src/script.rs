//! What the server answers, request by request.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The answers, in order. A request after the last one is refused with status 500.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The key that requests must bear, if any; others are refused with status 401 and take no step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The answers.
    pub steps: Vec<Step>,
    /// Whether the last step answers all further requests too.
    #[serde(default)]
    pub repeats: bool,
}

/// The answer to one request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Says this.
    Say(String),
    /// Calls tools.
    Call(Vec<Call>),
    /// Refuses with this status, and a message.
    Refuse(u16, String),
    /// Answers 200 with this body, whatever it is.
    Body(String),
    /// Begins an answer that never ends.
    Endless,
    /// Never answers.
    Hang,
}

/// A call of a tool. Its id is made by the server: `call-<step>-<place>`, both from 0.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The tool.
    pub tool: String,
    /// Its arguments; text is sent as it stands, anything else as JSON.
    pub arguments: Value,
}

impl Script {
    /// These answers, one each.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The same script, whose last answer goes for all further requests too.
    #[must_use]
    pub fn repeating(mut self) -> Self {
        self.repeats = true;
        self
    }

    /// The same script, for requests that bear this key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The answer to the request with this number, from 0.
    pub(crate) fn step(&self, number: usize) -> Option<&Step> {
        let last = self.steps.last().filter(|_| self.repeats);
        self.steps.get(number).or(last)
    }
}

impl Step {
    /// Says this.
    pub fn say(text: impl Into<String>) -> Self {
        Self::Say(text.into())
    }

    /// Calls one tool.
    pub fn call(tool: impl Into<String>, arguments: Value) -> Self {
        Self::Call(vec![Call::new(tool, arguments)])
    }
}

impl Call {
    /// A call of a tool.
    pub fn new(tool: impl Into<String>, arguments: Value) -> Self {
        Self {
            tool: tool.into(),
            arguments,
        }
    }

    /// As the protocol has it.
    pub(crate) fn wire(&self, step: usize, place: usize) -> Value {
        let arguments = match &self.arguments {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        json!({
            "id": format!("call-{step}-{place}"),
            "type": "function",
            "function": {"name": self.tool, "arguments": arguments},
        })
    }
}
