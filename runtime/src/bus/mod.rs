//! The bus that events travel on. [`Bus`] is a seam: [`LocalBus`](crate::host::LocalBus) is the one inside a process, and its semantics are such that NATS can stand
//! behind it.
//!
//! # Semantics
//!
//! - **Subjects** are tokens with dots between them; a pattern has `*` for one token and a last `>` for one or more ([`SubjectPattern`]).
//! - **At most once.** A published message goes to each subscription that there is at that moment and whose pattern matches. It is not
//!   kept: who subscribes later does not see it, and after a crash it is gone.
//! - **Order.** What one publisher publishes, one after the other, a subscription gets in that order. Nothing is said of two publishers.
//! - **Bounded.** A subscription holds at most as many messages as it was made for. When it is full the *newest* is dropped for this
//!   subscription alone, and counted ([`Subscription::dropped`]). A publisher never waits for subscribers.
//! - **Request and reply.** [`Bus::request`] publishes a message with an inbox in `reply_to`, and waits for the first message there; later
//!   ones are dropped. If no subscription matches it fails at once with [`RequestError::NoResponders`].
//! - **Reserved subjects.** Subjects whose first token begins with `_` are the bus's own, for inboxes: no subscription sees them, and a plugin
//!   can neither emit nor hear them ([`EventSubject::is_reserved`]).
//! - **Fire and forget.** That `publish` returned says that the bus has taken the message, and nothing of those who hear it.

mod message;
mod policy;
mod subject;

use std::time::Duration;

use futures_util::future::BoxFuture;

pub use message::{Emission, Message, Source};
pub use policy::{EventPolicy, EventStatistic};
pub use subject::{EventSubject, MAX_SUBJECT, MAX_TOKENS, SubjectError, SubjectPattern};

/// Where events travel.
pub trait Bus: Send + Sync + 'static {
    /// Publishes a message.
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<(), BusError>>;

    /// Publishes a message and waits for the first reply, this long. The message's own `reply_to` does not count.
    fn request(
        &self,
        message: Message,
        patience: Duration,
    ) -> BoxFuture<'_, Result<Message, RequestError>>;

    /// Subscribes. The subscription holds at most `capacity` messages (at least 1) that were not taken yet, and ends when it is dropped.
    fn subscribe(
        &self,
        pattern: SubjectPattern,
        capacity: usize,
    ) -> BoxFuture<'_, Result<Box<dyn Subscription>, BusError>>;
}

/// One who hears messages.
pub trait Subscription: Send + 'static {
    /// The next message; `None` once the bus is gone. May be dropped before it is ready: no message is lost by that.
    fn next(&mut self) -> BoxFuture<'_, Option<Message>>;

    /// How many messages were dropped because the subscription was full.
    fn dropped(&self) -> u64;
}

/// Why a bus did not take a message or a subscription. The text is for the host's log; no plugin sees it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BusError {
    /// It cannot now.
    #[error("the bus is unavailable: {0}")]
    Unavailable(String),
}

/// Why a request has no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Nobody subscribes to the subject.
    #[error("nobody hears this subject")]
    NoResponders,
    /// No reply came in time.
    #[error("no reply came in time")]
    TimedOut,
    /// The bus did not take it.
    #[error(transparent)]
    Bus(#[from] BusError),
}
