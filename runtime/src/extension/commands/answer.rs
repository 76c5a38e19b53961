//! What a plugin answers to a command, and the rules of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wit;
use crate::pattern::check_key;
use crate::write_set::Texts;

/// An answer tells of at most this many things on the way: each is a message of its own. With the reply they are far fewer than wait by default for
/// whoever hears them ([`EventPolicy::queue`](crate::bus::EventPolicy::queue)): the reply is the last one, and would be the first to be dropped.
const MAX_EVENTS: usize = 16;

/// How long the JSON text of a result, or of one event, may be, in bytes: on the bus it is a part of a message of at most 64 KiB.
pub const MAX_REPLY: usize = 60 * 1024;

/// How long a text for the user may be that says what is wrong with a command, in bytes.
const MAX_ERROR: usize = 4 * 1024;

/// What came of a command. Its plugin said so, and the host has checked it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What happened on the way, in this order; at most 16.
    #[serde(default)]
    pub events: Vec<Happening>,
    /// The reply.
    pub reply: Reply,
    /// Whether what is said next in the same thread comes to this command as well.
    #[serde(default)]
    pub more: bool,
}

/// Something that happened on the way to a reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Happening {
    /// What it is: 1 to 128 bytes, no control characters.
    pub name: String,
    /// At most 60 KiB as JSON.
    pub data: Value,
}

/// The one reply to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The result, at most 60 KiB as JSON.
    Result(Value),
    /// What is wrong with the command, in words for its user; 1 byte to 4 KiB of any characters.
    Error(String),
}

impl Answer {
    /// An answer of the host itself: what is wrong with the command.
    pub(super) fn error(text: impl Into<String>) -> Self {
        Self {
            events: Vec::new(),
            reply: Reply::Error(text.into()),
            more: false,
        }
    }
}

/// What a plugin answered as the host uses it, or which rule it breaks.
pub(super) fn checked(answer: wit::Answer) -> Result<Answer, String> {
    if answer.events.len() > MAX_EVENTS {
        let count = answer.events.len();
        return Err(format!("events: must be at most {MAX_EVENTS}, are {count}"));
    }
    let (events, mut texts) = (answer.events.into_iter().enumerate(), Texts::new());
    Ok(Answer {
        events: events
            .map(|(place, event)| happening(&format!("events[{place}]"), event, &mut texts))
            .collect::<Result<_, _>>()?,
        reply: reply(answer.reply, &mut texts)?,
        more: answer.more,
    })
}

fn happening(at: &str, event: wit::Event, texts: &mut Texts) -> Result<Happening, String> {
    check_key(&format!("{at}.name"), &event.name)?;
    Ok(Happening {
        name: event.name,
        data: json(&format!("{at}.data"), &event.data, texts)?,
    })
}

fn reply(reply: Result<String, String>, texts: &mut Texts) -> Result<Reply, String> {
    match reply {
        Ok(result) => Ok(Reply::Result(json("reply", &result, texts)?)),
        Err(error) if error.is_empty() || error.len() > MAX_ERROR => Err(format!(
            "reply: an error must have 1 to {MAX_ERROR} bytes, has {}",
            error.len()
        )),
        Err(error) => Ok(Reply::Error(error)),
    }
}

fn json(at: &str, text: &str, texts: &mut Texts) -> Result<Value, String> {
    if text.len() > MAX_REPLY {
        let bytes = text.len();
        return Err(format!("{at}: at most {MAX_REPLY} bytes, has {bytes}"));
    }
    texts.value(at, text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    fn answer(reply: Result<&str, &str>, events: &[(&str, &str)]) -> Result<Answer, String> {
        let events = events.iter().map(|(name, data)| wit::Event {
            name: (*name).to_owned(),
            data: (*data).to_owned(),
        });
        checked(wit::Answer {
            events: events.collect(),
            reply: reply.map(str::to_owned).map_err(str::to_owned),
            more: true,
        })
    }

    /// Proves E10: an answer is what the plugin said, with its JSON read.
    #[test]
    fn an_answer_is_read() {
        let read = answer(Ok("{\"n\":1}"), &[("step", "2")]).unwrap();
        assert_eq!(read.reply, Reply::Result(json!({ "n": 1 })));
        assert_eq!(
            (&*read.events[0].name, &read.events[0].data),
            ("step", &json!(2))
        );
        assert!(read.more);
        assert_eq!(
            answer(Err("no"), &[]).unwrap().reply,
            Reply::Error("no".to_owned())
        );
    }

    /// Proves E10: what breaks a rule names the rule.
    #[test]
    fn the_rules_of_an_answer() {
        let (long, text) = ("x".repeat(4_097), format!("\"{}\"", "x".repeat(61_440)));
        let many = format!("[{}0]", "0,".repeat(2_047));
        for (broken, rule) in [
            (answer(Ok("nonsense"), &[]), "reply: "),
            (answer(Ok(&text), &[]), "reply: at most 61440 bytes"),
            (
                answer(Err(""), &[]),
                "reply: an error must have 1 to 4096 bytes",
            ),
            (
                answer(Err(&long), &[]),
                "reply: an error must have 1 to 4096 bytes",
            ),
            (
                answer(Ok("1"), &[("", "1")]),
                "events[0].name: must have 1 to 128 bytes",
            ),
            (
                answer(Ok("1"), &[("a", "1"), ("b", "{")]),
                "events[1].data: ",
            ),
            (
                answer(Ok(&many), &[("a", &many), ("b", &many)]),
                "events[1].data: at most 4096 values",
            ),
            (
                answer(Ok(&many), &[("a", &many)]),
                "reply: at most 4096 values",
            ),
            (
                answer(Ok("1"), &[("a", "1"); 17]),
                "events: must be at most 16, are 17",
            ),
        ] {
            let why = broken.unwrap_err();
            assert!(why.starts_with(rule), "{why}");
        }
    }
}
