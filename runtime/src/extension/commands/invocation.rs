//! A command as it is given.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bus::EventSubject;
use crate::configuration::{ArgumentSchema, MAX_ARGUMENTS};
use crate::pattern::check_key;
use crate::problem::Problem;

/// How much may be said at once in a conversation, in bytes; as much as arguments may have.
pub const MAX_SAID: usize = MAX_ARGUMENTS;

/// A command as it is given. The default one has no arguments, and nobody gave it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Invocation {
    /// What replies carry, so that whoever waits for several can tell them apart: 1 to 128 bytes; the host makes one if there is none.
    pub correlation: Option<String>,
    /// The arguments by name; the host checks them and fills in the defaults. Not looked at in a conversation.
    pub arguments: Map<String, Value>,
    /// Where replies are published besides: the response channel. Not one of the bus's own subjects.
    pub response: Option<EventSubject>,
    /// The thread in which it was given: 1 to 128 bytes, no control characters, as the two below.
    pub thread: Option<String>,
    /// The channel in which it was given.
    pub channel: Option<String>,
    /// Who gave it.
    pub user: Option<String>,
    /// In a conversation that is open: what was said, at most 64 KiB.
    pub said: Option<String>,
}

impl Invocation {
    /// An invocation with these arguments.
    pub fn with(arguments: Map<String, Value>) -> Self {
        Self {
            arguments,
            ..Self::default()
        }
    }

    /// The arguments as the plugin gets them.
    ///
    /// # Errors
    /// All that is wrong with the invocation.
    pub(super) fn checked(
        &self,
        schema: &ArgumentSchema,
    ) -> Result<Map<String, Value>, Vec<Problem>> {
        let keys = [
            ("correlation", &self.correlation),
            ("thread", &self.thread),
            ("channel", &self.channel),
            ("user", &self.user),
        ];
        let keys = keys
            .iter()
            .filter_map(|(name, key)| Some((*name, key.as_ref()?)));
        let mut problems: Vec<_> = keys
            .filter_map(|(name, key)| check_key(name, key).err())
            .map(|why| Problem::error("bad-value", why))
            .collect();
        if self.said.as_ref().is_some_and(|said| said.len() > MAX_SAID) {
            let message = format!("said: must have at most {MAX_SAID} bytes");
            problems.push(Problem::error("too-large", message));
        }
        if self
            .response
            .as_ref()
            .is_some_and(EventSubject::is_reserved)
        {
            let message = "response: subjects that begin with `_` are the bus's own";
            problems.push(Problem::error("subject-reserved", message).hint("name another subject"));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        match self.said {
            Some(_) => Ok(Map::new()),
            None => schema.check(self.arguments.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Proves E10: replies go to no subject of the bus's own.
    #[test]
    fn a_reserved_response_is_refused() {
        let to = |subject: &str| {
            let invocation = Invocation {
                response: Some(EventSubject::new(subject).unwrap()),
                ..Invocation::default()
            };
            let checked = invocation.checked(&ArgumentSchema::default());
            checked.map_err(|problems| problems.iter().map(|one| one.code).collect::<Vec<_>>())
        };
        assert_eq!(to("replies.here"), Ok(Map::new()));
        assert_eq!(to("_INBOX.1"), Err(vec!["subject-reserved"]));
    }
}
