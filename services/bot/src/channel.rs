//! The seam between a bot and a chat network.

use async_trait::async_trait;

use crate::message::{Incoming, Outgoing};

/// A connection to a chat network. A network that breaks off is the channel's business: it connects again, or ends.
#[async_trait]
pub trait Channel: Send + Sync + 'static {
    /// The next message; `None` once there are no more. Only one waits at a time. If the future is dropped, no message is lost.
    ///
    /// Many networks deliver to a bot what it wrote itself, and what other bots write. Leave out the bot's own messages, or set
    /// [`Incoming::is_bot`], and set that for other bots: otherwise two bots may answer each other without end. By itself the bot only sees to it that no
    /// message of its own begins as a command does; a network that splits messages into lines must do the same for each line.
    async fn receive(&self) -> Option<Incoming>;

    /// Writes a message. Called from several tasks at once; the messages of one thread are written one after another.
    async fn send(&self, message: Outgoing) -> Result<(), SendError>;
}

/// Why a message was not written. It is logged, and the message is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message was not written: {0}")]
pub struct SendError(pub String);
