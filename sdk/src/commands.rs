//! Commands that users give by name. Permission: `command:handle`.
//!
//! The manifest says what arguments a command takes, and the host checks them and fills in their defaults before the plugin sees them. A conversation
//! is an answer with [`more`](Answer::more): what is said next in the same thread comes to the same command, in
//! [`said`](Invocation::said). Instances come and go, so what a conversation needs to know stands in the plugin's own [`kv`](crate::kv), best at a
//! key with the thread in it.
//!
//! ```
//! use portcullis_sdk::prelude::*;
//!
//! #[derive(serde::Deserialize)]
//! struct Roll { sides: u32, times: u32 }
//!
//! #[derive(Default)]
//! struct Dice;
//!
//! impl Commands for Dice {
//!     fn invoke(&self, name: &str, _: &Subject, invocation: &Invocation) -> Result<Answer, Failure> {
//!         match name {
//!             "roll" => {
//!                 let Roll { sides, times } = invocation.arguments()?;
//!                 if sides < 2 {
//!                     return Ok(Answer::error("a die has two sides at least"));
//!                 }
//!                 Ok(Answer::result(sides.min(4) * times).event("rolled", json!({ "times": times })))
//!             }
//!             other => Err(Failure::unknown(other)),
//!         }
//!     }
//! }
//!
//! portcullis_sdk::plugin!(Dice: commands);
//! # fn main() {}
//! ```

use serde::de::DeserializeOwned;

use crate::{Failure, Subject, Value};

crate::bindings::export!("provides-commands");

use bindings::exports::portcullis::plugin::commands as host;

/// Answers the commands that the plugin contributes.
pub trait Commands {
    /// Carries out the command `name`, or goes on with the conversation that it keeps open. What is wrong with the command, and the user can mend,
    /// is [`Answer::error`]; of a failure its user is told nothing but that there was one. For a name that the plugin does not know it is
    /// [`Failure::unknown`].
    fn invoke(
        &self,
        name: &str,
        subject: &Subject,
        invocation: &Invocation,
    ) -> Result<Answer, Failure>;
}

/// A command as it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    correlation: String,
    arguments: String,
    thread: Option<String>,
    channel: Option<String>,
    user: Option<String>,
    said: Option<String>,
}

impl Invocation {
    /// An invocation with these arguments, a JSON object, for tests of a plugin's own.
    pub fn new(arguments: Value) -> Invocation {
        Invocation {
            correlation: "test".to_owned(),
            arguments: arguments.to_string(),
            thread: None,
            channel: None,
            user: None,
            said: None,
        }
    }

    /// The host's id of this invocation.
    pub fn correlation(&self) -> &str {
        &self.correlation
    }

    /// The arguments as a type of the plugin's own. They fit the manifest's schema, so this fails only if the type does not.
    pub fn arguments<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.arguments)
            .map_err(|error| Failure::new(format!("the arguments: {error}")))
    }

    /// The thread in which the command was given, or a failure that says that there is none.
    pub fn thread(&self) -> Result<&str, Failure> {
        self.thread
            .as_deref()
            .ok_or_else(|| Failure::new("this needs a command that is given in a thread"))
    }

    /// The channel in which it was given.
    pub fn channel(&self) -> Option<&str> {
        self.channel.as_deref()
    }

    /// Who gave it.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// In a conversation that an earlier answer kept open: what was said. There are no arguments then.
    pub fn said(&self) -> Option<&str> {
        self.said.as_deref()
    }
}

impl From<host::Invocation> for Invocation {
    fn from(invocation: host::Invocation) -> Invocation {
        Invocation {
            correlation: invocation.correlation,
            arguments: invocation.arguments,
            thread: invocation.thread,
            channel: invocation.channel,
            user: invocation.user,
            said: invocation.said,
        }
    }
}

/// What comes of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    events: Vec<(String, Value)>,
    reply: Result<Value, String>,
    more: bool,
}

impl Answer {
    /// The result: any value; a text, or an object with a `text`, is what a chat shows. At most 60 KiB as JSON.
    pub fn result(result: impl Into<Value>) -> Answer {
        Answer {
            events: Vec::new(),
            reply: Ok(result.into()),
            more: false,
        }
    }

    /// What is wrong with the command, in words for its user: 1 byte to 4 KiB. That is no failure of the plugin.
    pub fn error(text: impl Into<String>) -> Answer {
        Answer {
            events: Vec::new(),
            reply: Err(text.into()),
            more: false,
        }
    }

    /// One more thing that happened on the way, after those before. Its name has 1 to 128 bytes, its data at most 60 KiB as JSON; at most 16.
    #[must_use]
    pub fn event(mut self, name: impl Into<String>, data: impl Into<Value>) -> Answer {
        self.events.push((name.into(), data.into()));
        self
    }

    /// The same answer, after which what is said next in the thread comes to this command as well.
    #[must_use]
    pub fn more(mut self) -> Answer {
        self.more = true;
        self
    }
}

impl From<Answer> for host::Answer {
    fn from(answer: Answer) -> host::Answer {
        let events = answer.events.into_iter();
        host::Answer {
            events: events
                .map(|(name, data)| host::Event {
                    name,
                    data: data.to_string(),
                })
                .collect(),
            reply: answer.reply.map(|result| result.to_string()),
            more: answer.more,
        }
    }
}

impl<T: Commands + Default> host::Guest for T {
    fn invoke(
        name: String,
        subject: Subject,
        invocation: host::Invocation,
    ) -> Result<host::Answer, String> {
        let answer = Commands::invoke(&T::default(), &name, &subject, &invocation.into())?;
        Ok(answer.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::json;

    #[test]
    fn an_answer_goes_over_as_it_was_built() {
        let answer = Answer::result(json!({ "n": 1 }))
            .event("first", 1)
            .event("second", "two")
            .more();
        let host::Answer {
            events,
            reply,
            more,
        } = answer.into();
        let events: Vec<_> = events
            .iter()
            .map(|event| (&*event.name, &*event.data))
            .collect();
        assert_eq!(events, [("first", "1"), ("second", "\"two\"")]);
        assert_eq!((reply, more), (Ok("{\"n\":1}".to_owned()), true));
        let refused: host::Answer = Answer::error("no").into();
        assert_eq!((refused.reply, refused.more), (Err("no".to_owned()), false));
    }

    #[test]
    fn arguments_are_of_a_type() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Roll {
            sides: u32,
        }
        let invocation = Invocation::new(json!({ "sides": 6 }));
        assert_eq!(invocation.arguments(), Ok(Roll { sides: 6 }));
        let wrong = Invocation::new(json!({})).arguments::<Roll>().unwrap_err();
        assert!(wrong.message().contains("`sides`"), "{wrong}");
        assert!(invocation.thread().is_err());
    }
}
