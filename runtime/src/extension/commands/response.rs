//! The response channel: a subject of the bus on which the replies to one invocation are published.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{Answer, Happening, Reply};
use crate::bus::{Bus, EventSubject, Message, Source};
use crate::capability::port::bus;
use crate::subject::Subject;
use crate::write_set::parse_value;

/// A bus that takes longer for all replies of an invocation is left alone.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is told in the place of what cannot be told.
const TOO_LARGE: &str = "the answer is too large, or nests too deep, to be sent";

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
            .map(|payload| self.message(&source, payload))
            .collect();
        let count = messages.len();
        let taken = publish(Arc::clone(&self.bus), messages);
        // A task of its own: who goes away while it runs leaves no reply half told.
        count - tokio::spawn(taken).await.unwrap_or(0)
    }

    /// In the place of one that the bus does not take there is an event that says so.
    fn event(&self, event: &Happening) -> Arc<str> {
        let Self {
            correlation,
            command,
            ..
        } = self;
        let written = written(&json!({
            "correlation": correlation, "kind": "event", "command": command,
            "name": event.name, "data": event.data,
        }));
        written.unwrap_or_else(|_| {
            let place = json!({
                "correlation": correlation, "kind": "event", "command": command,
                "name": event.name, "data": null, "error": TOO_LARGE,
            });
            place.to_string().into()
        })
    }

    /// In the place of one that the bus does not take there is an error.
    fn last(&self, reply: &Reply, more: bool) -> Arc<str> {
        written(&self.reply(reply, more)).unwrap_or_else(|_| {
            let place = Reply::Error(TOO_LARGE.to_owned());
            self.reply(&place, more).to_string().into()
        })
    }

    fn reply(&self, reply: &Reply, more: bool) -> Value {
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

    fn message(&self, source: &Source, payload: Arc<str>) -> Message {
        Message {
            subject: self.subject.clone(),
            payload,
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
        let message = self.message(&host(), payload);
        // Without a runtime nobody hears the bus either.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(publish(Arc::clone(&self.bus), vec![message]));
        }
    }
}

/// The text of a message, unless the bus would not take it: what a plugin wrote has its bounds, but may be longer in the host's words (`1e15`), and it
/// is a part of something larger.
fn written(payload: &Value) -> Result<Arc<str>, String> {
    let text = payload.to_string();
    parse_value("payload", &text)?;
    Ok(text.into())
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use futures_util::FutureExt;
    use futures_util::future::{BoxFuture, ready};

    use super::*;
    use crate::bus::{BusError, RequestError, SubjectPattern, Subscription};

    /// A bus that nobody is heard on.
    struct NoBus;

    impl Bus for NoBus {
        fn publish(&self, _: Message) -> BoxFuture<'_, Result<(), BusError>> {
            ready(Ok(())).boxed()
        }

        fn request(&self, _: Message, _: Duration) -> BoxFuture<'_, Result<Message, RequestError>> {
            ready(Err(RequestError::NoResponders)).boxed()
        }

        fn subscribe(
            &self,
            _: SubjectPattern,
            _: usize,
        ) -> BoxFuture<'_, Result<Box<dyn Subscription>, BusError>> {
            ready(Err(BusError::Unavailable(String::new()))).boxed()
        }
    }

    /// Proves E10: what is longer, deeper or more as a message than it was as an answer is an error in its place, and never breaks the bus's bounds.
    #[test]
    fn what_the_bus_would_not_take_is_told_as_an_error() {
        let bus: Arc<dyn Bus> = Arc::new(NoBus);
        let subject = EventSubject::new("replies").unwrap();
        let response = Response::new(&bus, subject, &Subject::none(), "c", "command");
        let numbers = format!("[{}1e15]", "1e15,".repeat(4_000));
        assert!(numbers.len() <= super::super::MAX_REPLY);
        let deep = format!("{}{}", "[".repeat(64), "]".repeat(64));
        let many = format!("[{}0]", "0,".repeat(4_094));
        for text in [numbers, deep, many] {
            let data = parse_value("reply", &text).unwrap();
            let name = "step".to_owned();
            let event = response.event(&Happening {
                name,
                data: data.clone(),
            });
            let event = parse_value("payload", &event).unwrap();
            assert_eq!(
                (&event["name"], &event["data"]),
                (&json!("step"), &Value::Null)
            );
            assert_eq!(event["error"], TOO_LARGE);
            let last = parse_value("payload", &response.last(&Reply::Result(data), true)).unwrap();
            assert_eq!(
                (&last["kind"], &last["error"]),
                (&json!("error"), &json!(TOO_LARGE))
            );
        }
        let fits = response.last(&Reply::Result(json!([1])), false);
        assert_eq!(parse_value("payload", &fits).unwrap()["result"], json!([1]));
    }
}
