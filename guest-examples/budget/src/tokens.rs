//! How many tokens messages have.

use portcullis_sdk::hooks::Message;

/// A token has four bytes in English, and fewer in code, in numbers and in most other languages: rather too many tokens than too few.
const TOKEN_BYTES: usize = 3;

/// What a message has beside its texts, in tokens.
const MESSAGE_TOKENS: usize = 4;

/// How many tokens messages may have.
pub fn estimate(messages: &[Message]) -> u64 {
    let tokens = |message: &Message| MESSAGE_TOKENS + bytes(message).div_ceil(TOKEN_BYTES);
    messages.iter().map(tokens).sum::<usize>() as u64
}

fn bytes(message: &Message) -> usize {
    let calls = message.tool_calls.iter();
    let calls =
        calls.map(|call| call.id.len() + call.tool.len() + call.arguments.to_string().len());
    let id = message.tool_call.as_ref().map_or(0, String::len);
    message.role.len() + message.content.len() + id + calls.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_sdk::hooks::ToolCall;
    use portcullis_sdk::json;

    #[test]
    fn all_of_a_message_counts() {
        let mut message = Message {
            role: "assistant".to_owned(),
            content: "x".repeat(300),
            tool_call: None,
            tool_calls: Vec::new(),
        };
        assert_eq!(estimate(&[]), 0);
        assert_eq!(estimate(std::slice::from_ref(&message)), 4 + 103);
        message.tool_calls.push(ToolCall {
            id: "x".repeat(30),
            tool: "x".repeat(30),
            arguments: json!({"path": "x".repeat(300)}),
        });
        assert!(estimate(&[message]) > 4 + 103 + 120);
    }
}
