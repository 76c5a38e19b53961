//! Events: hear those of others, and emit some. Hearing and emitting are two permissions: `event:subscribe` and `event:emit`.
//!
//! An event that a call emits is published when the call has returned and its changes are there for others to see; a call that fails
//! emits none. Without a scope that says more a plugin emits subjects below `plugin.<its id>` only.
//!
//! Subjects below `plugin.<id>` are that plugin's own: it alone answers requests with them, and others hear them only if the scope of
//! `event:subscribe` in their manifest names them, also where they hear by a wildcard.
//!
//! ```no_run
//! use portcullis_sdk::prelude::*;
//!
//! #[derive(Default)]
//! struct Greeter;
//!
//! impl Events for Greeter {
//!     fn handle(&self, name: &str, _about: &Subject, event: &Event) -> Result<Option<Value>, Failure> {
//!         match name {
//!             "arrivals" => {
//!                 let who: String = event.payload()?;
//!                 events::emit("plugin.greeter.greeted", &json!({ "who": who }))?;
//!                 Ok(None)
//!             }
//!             "asked" => Ok(Some(json!("hello"))),
//!             other => Err(Failure::unknown(other)),
//!         }
//!     }
//! }
//! ```

mod emit;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Failure, Subject, Value, json};

crate::bindings::export!("provides-events");

use bindings::exports::portcullis::plugin::events as host;
pub use emit::{emit, request};

/// Handles the events that the plugin's handlers hear.
pub trait Events {
    /// The handler `name` hears an event that is about `about`: one at a time, in the order in which they came. What it returns is the reply where
    /// one is wanted ([`Event::wants_reply`]), and dropped where not; of several who reply the first one counts. A handler that fails replies
    /// nothing. For a name that the plugin does not know it is [`Failure::unknown`].
    fn handle(&self, name: &str, about: &Subject, event: &Event) -> Result<Option<Value>, Failure>;
}

/// An event. All but its subject and payload is the host's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    subject: String,
    payload: String,
    source: String,
    hops: u32,
    wants_reply: bool,
}

impl Event {
    /// An event as `source` (`plugin:<id>` or `host:<name>`) would emit it, for tests of a plugin's own. No event led to it, and nobody waits
    /// for a reply.
    pub fn new<T: Serialize + ?Sized>(
        subject: &str,
        payload: &T,
        source: &str,
    ) -> Result<Event, Error> {
        Ok(Event {
            subject: subject.to_owned(),
            payload: json::encode(subject, payload)?,
            source: source.to_owned(),
            hops: 1,
            wants_reply: false,
        })
    }

    /// What it is about: tokens with dots between them.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The payload as a type of the plugin's own; a failure that names the subject if it is none.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.payload)
            .map_err(|error| Failure::new(format!("the payload of `{}`: {error}", self.subject)))
    }

    /// The payload as JSON text.
    pub fn text(&self) -> &str {
        &self.payload
    }

    /// Who emitted it: `plugin:<id>` or `host:<name>`.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How many events led to it, itself included. The host puts an end to chains that grow too long.
    pub fn hops(&self) -> u32 {
        self.hops
    }

    /// Whether somebody waits for a reply.
    pub fn wants_reply(&self) -> bool {
        self.wants_reply
    }
}

impl From<host::Event> for Event {
    fn from(event: host::Event) -> Event {
        Event {
            subject: event.subject,
            payload: event.payload,
            source: event.source,
            hops: event.hops,
            wants_reply: event.wants_reply,
        }
    }
}

impl<T: Events + Default> host::Guest for T {
    fn handle(name: String, about: Subject, event: host::Event) -> Result<Option<String>, String> {
        let reply = Events::handle(&T::default(), &name, &about, &event.into())?;
        Ok(reply.map(|value| value.to_string()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_payload_is_typed_and_names_its_subject() {
        let event = Event::new("chat.message", &[1, 2], "plugin:echo").unwrap();
        assert_eq!(event.payload::<Vec<u8>>(), Ok(vec![1, 2]));
        assert_eq!((event.text(), event.hops()), ("[1,2]", 1));
        let wrong = event.payload::<String>().unwrap_err();
        assert!(wrong.message().contains("`chat.message`"), "{wrong}");
    }
}
