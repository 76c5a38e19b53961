//! The response channel: a subject of the bus on which the replies to one invocation are published.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{Answer, Happening, Reply};
use crate::bus::{Bus, EventSubject, Message, Source};
use crate::capability::port::bus;
use crate::subject::Subject;

/// A bus that takes longer for all replies of an invocation is left alone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the replies to one invocation go. Whatever becomes of the invocation, one reply is the last, and there is no other: if nobody waits for the
/// command any more, an error that says so.
pub(super) struct Response {
    bus: Arc<dyn Bus>,
    subject: EventSubject,
    about: Subject,
    correlation: String,
    command: String,
    is_replied: bool,
}

impl Response {
    pub(super) fn new(
        bus: &Arc<dyn Bus>,
        subject: EventSubject,
        about: &Subject,
        correlation: &str,
        command: &str,
    ) -> Self {
        Self {
            bus: Arc::clone(bus),
            subject,
            about: about.clone(),
            correlation: correlation.to_owned(),
            command: command.to_owned(),
            is_replied: false,
        }
    }

    /// Publishes what was answered, events first. Gives the number of messages that the bus did not take.
    pub(super) async fn answer(mut self, source: Source, answer: &Answer) -> usize {
        self.is_replied = true;
        let events = answer.events.iter().map(|event| self.event(event));
        let last = self.last(&answer.reply, answer.more);
        let messages = events.chain([last]);
        let messages: Vec<_> = messages
            .map(|payload| self.message(&source, &payload))
            .collect();
        let count = messages.len();
        let taken = publish(Arc::clone(&self.bus), messages);
        // A task of its own: who goes away while it runs leaves no reply half told.
        count - tokio::spawn(taken).await.unwrap_or(0)
    }

    fn event(&self, event: &Happening) -> Value {
        let Self {
            correlation,
            command,
            ..
        } = self;
        json!({
            "correlation": correlation, "kind": "event", "command": command,
            "name": event.name, "data": event.data,
        })
    }

    fn last(&self, reply: &Reply, more: bool) -> Value {
        let Self {
            correlation,
            command,
            ..
        } = self;
        match reply {
            Reply::Result(result) => json!({
                "correlation": correlation, "kind": "result", "command": command,
                "result": result, "more": more,
            }),
            Reply::Error(error) => json!({
                "correlation": correlation, "kind": "error", "command": command,
                "error": error, "more": more,
            }),
        }
    }

    fn message(&self, source: &Source, payload: &Value) -> Message {
        Message {
            subject: self.subject.clone(),
            payload: payload.to_string().into(),
            source: source.clone(),
            about: self.about.clone(),
            hops: 1,
            reply_to: None,
        }
    }
}

impl Drop for Response {
    fn drop(&mut self) {
        if self.is_replied {
            return;
        }
        let reply = Reply::Error("the command was cancelled".to_owned());
        let payload = self.last(&reply, false);
        let message = self.message(&host(), &payload);
        // Without a runtime nobody hears the bus either.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(publish(Arc::clone(&self.bus), vec![message]));
        }
    }
}

/// Who says what no plugin said.
pub(super) fn host() -> Source {
    Source::Host("commands".into())
}

/// Gives messages to the bus, one after the other, and tells how many it took. One that does not answer in time gets no more of them.
async fn publish(bus: Arc<dyn Bus>, messages: Vec<Message>) -> usize {
    let mut taken = 0;
    let all = async {
        for message in messages {
            match bus::publish(&*bus, message, PATIENCE).await {
                Ok(()) => taken += 1,
                Err(error) => tracing::warn!(%error, "the bus did not take a reply"),
            }
        }
    };
    let _in_time = tokio::time::timeout(PATIENCE, all).await;
    taken
}
