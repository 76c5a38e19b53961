//! What is said to a server and what it replies: the part of the protocol that is needed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answer, Ask, Message, Offer, ToolCall};

/// An answer that asks for more tools is refused: nobody means that.
const MAX_CALLS: usize = 128;

/// The body of a request.
#[derive(Serialize)]
pub(super) struct Request<'a> {
    model: &'a str,
    messages: Vec<Sent<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<SentTool<'a>>,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
}

#[derive(Serialize)]
struct Sent<'a> {
    role: &'a str,
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<SentCall<'a>>,
}

#[derive(Serialize)]
struct SentCall<'a> {
    id: &'a str,
    r#type: &'static str,
    function: SentFunction<'a>,
}

#[derive(Serialize)]
struct SentFunction<'a> {
    name: &'a str,
    arguments: String,
}

#[derive(Serialize)]
struct SentTool<'a> {
    r#type: &'static str,
    function: Definition<'a>,
}

#[derive(Serialize)]
struct Definition<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

impl<'a> Request<'a> {
    pub(super) fn of(ask: &'a Ask) -> Self {
        Self {
            model: &ask.model,
            messages: ask.messages.iter().map(Sent::of).collect(),
            tools: ask.tools.iter().map(SentTool::of).collect(),
            max_tokens: ask.max_tokens,
            temperature: ask.temperature,
        }
    }
}

impl<'a> Sent<'a> {
    fn of(message: &'a Message) -> Self {
        let calls = &message.tool_calls;
        Self {
            role: &message.role,
            // An answer that only uses tools says nothing, and servers want to see that as null.
            content: Some(message.content.as_str())
                .filter(|content| !content.is_empty() || calls.is_empty()),
            tool_call_id: message.tool_call.as_deref(),
            tool_calls: calls.iter().map(SentCall::of).collect(),
        }
    }
}

impl<'a> SentCall<'a> {
    fn of(call: &'a ToolCall) -> Self {
        Self {
            id: &call.id,
            r#type: "function",
            function: SentFunction {
                name: &call.tool,
                arguments: match &call.arguments {
                    // What was no JSON goes back as it came.
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                },
            },
        }
    }
}

impl<'a> SentTool<'a> {
    fn of(offer: &'a Offer) -> Self {
        Self {
            r#type: "function",
            function: Definition {
                name: &offer.name,
                description: &offer.description,
                parameters: &offer.parameters,
            },
        }
    }
}

#[derive(Deserialize)]
struct Reply {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Said,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<SaidCall>>,
}

#[derive(Deserialize)]
struct SaidCall {
    #[serde(default)]
    id: String,
    function: SaidFunction,
}

#[derive(Deserialize)]
struct SaidFunction {
    name: String,
    /// JSON in a text; some servers send the object itself.
    #[serde(default)]
    arguments: Value,
}

#[derive(Default, Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

/// The first choice of a reply.
pub(super) fn answer(body: &[u8]) -> Result<Answer, String> {
    let reply: Reply = serde_json::from_slice(body)
        .map_err(|error| format!("the reply is no chat completion: {error}"))?;
    let usage = reply.usage.unwrap_or_default();
    let first = reply.choices.into_iter().next();
    let first = first.ok_or("the reply has no choices")?;
    let calls = first.message.tool_calls.unwrap_or_default();
    if calls.len() > MAX_CALLS {
        return Err(format!("the reply asks for more than {MAX_CALLS} tools"));
    }
    Ok(Answer {
        content: first.message.content.filter(|content| !content.is_empty()),
        tool_calls: calls.into_iter().map(SaidCall::read).collect(),
        finish: first.finish_reason,
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
    })
}

impl SaidCall {
    fn read(self) -> ToolCall {
        let arguments = match self.function.arguments {
            Value::String(text) if text.trim().is_empty() => Value::Null,
            Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            other => other,
        };
        // So some models say that a tool needs none.
        let arguments = match arguments {
            Value::Null => Value::Object(Default::default()),
            arguments => arguments,
        };
        ToolCall {
            id: self.id,
            tool: self.function.name,
            arguments,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn message(role: &str, content: &str) -> Message {
        Message {
            role: role.to_owned(),
            content: content.to_owned(),
            tool_call: None,
            tool_calls: Vec::new(),
        }
    }

    #[test]
    fn a_request_is_what_the_protocol_says() {
        let mut assistant = message("assistant", "");
        let call = |id: &str, arguments| ToolCall {
            id: id.to_owned(),
            tool: "read_file".to_owned(),
            arguments,
        };
        assistant.tool_calls = vec![call("c1", json!({"path": "a"})), call("c2", json!("{pa"))];
        let mut tool = message("tool", "contents");
        tool.tool_call = Some("c1".to_owned());
        let ask = Ask {
            model: "m".to_owned(),
            max_tokens: 7,
            temperature: Some(0.5),
            messages: vec![message("user", ""), assistant, tool],
            tools: vec![Offer {
                name: "read_file".to_owned(),
                description: "Reads.".to_owned(),
                parameters: json!({"type": "object"}),
            }],
        };
        let function = |arguments| json!({"name": "read_file", "arguments": arguments});
        let expected = json!({
            "model": "m",
            "messages": [
                {"role": "user", "content": ""},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "c1", "type": "function", "function": function("{\"path\":\"a\"}")},
                    {"id": "c2", "type": "function", "function": function("{pa")},
                ]},
                {"role": "tool", "content": "contents", "tool_call_id": "c1"},
            ],
            "tools": [{"type": "function", "function": {
                "name": "read_file", "description": "Reads.", "parameters": {"type": "object"},
            }}],
            "max_tokens": 7,
            "temperature": 0.5,
        });
        assert_eq!(serde_json::to_value(Request::of(&ask)).unwrap(), expected);
    }

    #[test]
    fn a_reply_is_read_as_servers_write_it() {
        let body = json!({
            "choices": [{"finish_reason": "tool_calls", "message": {"content": "", "tool_calls": [
                {"id": "c", "function": {"name": "f", "arguments": "{\"a\": 1}"}},
                {"function": {"name": "f", "arguments": {"a": 1}}},
                {"id": "e", "function": {"name": "f", "arguments": ""}},
                {"id": "g", "function": {"name": "f", "arguments": "{a"}},
            ]}}],
            "usage": {"prompt_tokens": 3, "completion_tokens": null},
        });
        let answer = answer(body.to_string().as_bytes()).unwrap();
        let calls = answer.tool_calls.iter();
        let calls: Vec<_> = calls
            .map(|call| (call.id.as_str(), call.arguments.clone()))
            .collect();
        let expected = [
            ("c", json!({"a": 1})),
            ("", json!({"a": 1})),
            ("e", json!({})),
            ("g", json!("{a")),
        ];
        assert_eq!(calls, expected);
        assert_eq!((answer.content, answer.prompt_tokens), (None, Some(3)));
    }

    #[test]
    fn what_is_no_reply_is_told() {
        let many: Vec<_> = (0..=MAX_CALLS)
            .map(|_| json!({"function": {"name": "f"}}))
            .collect();
        let many = json!({"choices": [{"message": {"tool_calls": many}}]}).to_string();
        for body in ["", "[]", r#"{"choices":[]}"#, r#"{"choices":[{}]}"#, &many] {
            assert!(answer(body.as_bytes()).is_err(), "{body}");
        }
    }
}
