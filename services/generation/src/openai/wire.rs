//! What is said to a server and what it replies: the part of the protocol that is needed.

use portcullis::write_set::GenerationRequest;
use serde::{Deserialize, Serialize};

/// The body of a request.
#[derive(Debug, Serialize)]
pub(super) struct Ask<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    max_tokens: u32,
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

impl<'a> Ask<'a> {
    pub(super) fn of(model: &'a str, request: &'a GenerationRequest) -> Self {
        let message = |role, content| Message { role, content };
        let system = request.system.as_deref();
        Self {
            model,
            messages: system
                .map(|content| message("system", content))
                .into_iter()
                .chain([message("user", request.prompt.as_str())])
                .collect(),
            max_tokens: request.max_tokens,
        }
    }
}

#[derive(Deserialize)]
struct Reply {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Said,
}

#[derive(Deserialize)]
struct Said {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: Complaint,
}

#[derive(Deserialize)]
struct Complaint {
    message: String,
}

/// The text of the first choice.
pub(super) fn text(body: &[u8]) -> Result<String, String> {
    let reply: Reply = serde_json::from_slice(body)
        .map_err(|error| format!("the reply is no chat completion: {error}"))?;
    let first = reply.choices.into_iter().next();
    first
        .and_then(|choice| choice.message.content)
        .ok_or_else(|| "the reply has no text".to_owned())
}

/// What a server says about a refusal, in one line.
pub(super) fn complaint(body: &[u8]) -> String {
    let said = match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => refusal.error.message,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_request_is_what_the_protocol_says() {
        let request = GenerationRequest {
            prompt: "Hello".to_owned(),
            system: Some("Be brief.".to_owned()),
            max_tokens: 7,
        };
        let ask = serde_json::to_value(Ask::of("m", &request)).unwrap();
        let expected = serde_json::json!({
            "model": "m",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
            "max_tokens": 7,
        });
        assert_eq!(ask, expected);
    }

    #[test]
    fn a_reply_without_text_is_told() {
        assert_eq!(
            text(br#"{"choices":[{"message":{"content":"Hi"}}]}"#),
            Ok("Hi".to_owned())
        );
        for body in [
            "",
            "[]",
            r#"{"choices":[]}"#,
            r#"{"choices":[{"message":{"content":null}}]}"#,
        ] {
            assert!(text(body.as_bytes()).is_err(), "{body}");
        }
        assert_eq!(
            complaint(br#"{"error":{"message":"no\nsuch model"}}"#),
            "no such model"
        );
        assert_eq!(complaint(b"<h1>Bad gateway</h1>"), "<h1>Bad gateway</h1>");
    }
}
