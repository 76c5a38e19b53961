//! What a plugin answered, as a chat shows it.

use portcullis::extension::commands::{Answer, Reply};
use serde_json::Value;

use crate::options::Options;
use crate::text::{clean, pieces};

/// The messages that an answer comes to: one for each event that has a text, then the reply; none longer than the network takes.
pub(crate) fn answer(answer: &Answer, options: &Options) -> Vec<String> {
    let events = answer.events.iter().filter_map(|event| text(&event.data));
    let reply = match &answer.reply {
        Reply::Result(value) => text(value).unwrap_or_else(|| value.to_string()),
        Reply::Error(error) => error.clone(),
    };
    messages(events.chain([reply]), options)
}

/// Texts as messages.
pub(crate) fn messages(texts: impl IntoIterator<Item = String>, options: &Options) -> Vec<String> {
    let mut messages = Vec::new();
    for text in texts {
        let left = options.replies.saturating_sub(messages.len());
        if left == 0 {
            break;
        }
        // With room for the mark.
        let chars = options.reply_chars.saturating_sub(1);
        let pieces = pieces(&clean(&text), chars, left).into_iter();
        messages.extend(pieces.map(|piece| harmless(piece, options.prefix)));
    }
    messages
}

/// A message that is no command, neither for this bot nor for another of its kind: what plugins answer may be what users gave them.
fn harmless(message: String, prefix: char) -> String {
    match message.starts_with(prefix) {
        true => format!("\\{message}"),
        false => message,
    }
}

/// What of a value is meant to be read: a text, the `text` of an object, or nothing.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => Some("done".to_owned()),
        Value::Object(fields) => fields.get("text")?.as_str().map(str::to_owned),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn shown(answer: Value) -> Vec<String> {
        let options = Options {
            reply_chars: 20,
            replies: 3,
            ..Options::default()
        };
        super::answer(&serde_json::from_value(answer).unwrap(), &options)
    }

    /// Proves E10: texts are shown as texts, everything else as JSON, and never too much of it.
    #[test]
    fn answers_are_shown() {
        let result = |value: Value| shown(json!({ "reply": { "result": value } }));
        assert_eq!(result(json!("hi\u{1b}[2J there")), ["hi[2J there"]);
        assert_eq!(result(json!({ "text": "hi", "score": 1 })), ["hi"]);
        assert_eq!(result(json!({ "score": 1 })), ["{\"score\":1}"]);
        assert_eq!(result(json!(null)), ["done"]);
        assert_eq!(result(json!("")), Vec::<String>::new());
        assert_eq!(shown(json!({ "reply": { "error": "no" } })), ["no"]);
        let events =
            json!([{ "name": "a", "data": "one" }, { "name": "b", "data": { "step": 1 } }]);
        assert_eq!(
            shown(json!({ "events": events, "reply": { "result": "two" } })),
            ["one", "two"]
        );
        assert_eq!(result(json!(" !echo hi")), ["\\!echo hi"]);
        let pieces = result(json!(format!("{} !echo hi", "x".repeat(18))));
        assert_eq!(pieces, ["x".repeat(18), "\\!echo hi".to_owned()]);
        let full = result(json!("!".repeat(19)));
        assert_eq!(full, [format!("\\{}", "!".repeat(19))]);
        let long = result(json!("word ".repeat(100)));
        assert_eq!(long.len(), 3);
        assert!(
            long.iter().all(|piece| piece.chars().count() <= 20),
            "{long:?}"
        );
    }
}
