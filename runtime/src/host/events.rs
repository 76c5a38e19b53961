//! Events, from the host's side: who hears them, and those of the embedder.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::Host;
use crate::bus::{BusError, EventStatistic, EventSubject, Message, RequestError, Source};
use crate::capability::port::bus;
use crate::extension::Registry;
use crate::extension::events::Started;
use crate::subject::Subject;
use crate::write_set::parse_value;

/// A bus that takes longer to take an event has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why an event of the embedder was not emitted, or has no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The subject is one of the bus's own.
    #[error("`{0}`: subjects that begin with `_` are the bus's own; name another subject")]
    Reserved(EventSubject),
    /// The payload has more than 64 KiB as JSON, or nests deeper than 64 levels.
    #[error("{0}")]
    Payload(String),
    /// The bus did not take it.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// A request has no reply.
    #[error(transparent)]
    Request(RequestError),
    /// The reply to a request is no JSON.
    #[error("{0}")]
    Reply(String),
}

impl Host {
    /// Emits an event as `host:<source>`, about a subject; no event led to it. All handlers whose subjects match are called about the
    /// same, if its world uses their plugins.
    ///
    /// # Errors
    /// The subject is reserved, the payload too large, or the bus did not take it. That nobody hears it is no error.
    pub async fn emit(
        &self,
        subject: EventSubject,
        payload: &Value,
        about: &Subject,
        source: &str,
    ) -> Result<(), EmitError> {
        let message = message(subject, payload, about, source)?;
        Ok(bus::publish(&**self.bus(), message, PATIENCE).await?)
    }

    /// Like [`Host::emit`], and waits this long for the first reply. A handler that fails replies nothing, nor does one that is not called.
    ///
    /// # Errors
    /// As [`Host::emit`]; nobody hears the subject, or no reply came in time.
    pub async fn request(
        &self,
        subject: EventSubject,
        payload: &Value,
        about: &Subject,
        source: &str,
        patience: Duration,
    ) -> Result<Value, EmitError> {
        let message = message(subject, payload, about, source)?;
        let reply = bus::request(&**self.bus(), message, patience).await;
        let reply = reply.map_err(|error| match error {
            RequestError::Bus(error) => EmitError::Bus(error),
            other => EmitError::Request(other),
        })?;
        parse_value("reply", &reply.payload).map_err(EmitError::Reply)
    }

    /// What became of the events that the handlers of enabled plugins were to hear, by qualified name.
    pub fn event_statistics(&self) -> Vec<EventStatistic> {
        self.0.pumps.statistics()
    }

    /// Waits until no event waits for any handler of this host and no handler runs: for tests, and before a program ends. Who goes on
    /// emitting keeps it waiting.
    pub async fn events_idle(&self) {
        self.0.pumps.idle().await;
    }

    /// Puts another snapshot of what plugins contribute in place, and hears what there is to hear.
    pub(super) fn publish(&self, change: impl FnOnce(&Registry) -> Registry) -> Started {
        self.0.registry.change(change);
        self.0.pumps.reconcile()
    }
}

fn message(
    subject: EventSubject,
    payload: &Value,
    about: &Subject,
    source: &str,
) -> Result<Message, EmitError> {
    if subject.is_reserved() {
        return Err(EmitError::Reserved(subject));
    }
    let payload = payload.to_string();
    parse_value("payload", &payload).map_err(EmitError::Payload)?;
    Ok(Message {
        subject,
        payload: payload.into(),
        source: Source::Host(Arc::from(source)),
        about: about.clone(),
        hops: 1,
        reply_to: None,
    })
}
