//! What goes in and out.

/// A message of a chat, as its network tells of it. Nothing of it is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    /// The channel's id.
    pub channel: String,
    /// The thread's id within the channel; empty in a network without threads.
    pub thread: String,
    /// The id of whoever wrote it.
    pub user: String,
    /// What was written.
    pub text: String,
    /// Whether a bot wrote it, this one or another: then it is ignored, so that no two bots keep each other talking.
    pub is_bot: bool,
}

/// A message that the bot writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// The channel's id, as the network told it.
    pub channel: String,
    /// The thread's id, as the network told it.
    pub thread: String,
    /// What the bot writes: no control characters but line breaks, and no longer than [`Options::reply_chars`](crate::Options). It never begins with what
    /// commands begin with: then a `\` stands before that.
    pub text: String,
}

impl Incoming {
    /// A message that no bot wrote.
    pub fn new(
        channel: impl Into<String>,
        thread: impl Into<String>,
        user: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            channel: channel.into(),
            thread: thread.into(),
            user: user.into(),
            text: text.into(),
            is_bot: false,
        }
    }

    /// A message in the same thread.
    pub(crate) fn reply(&self, text: String) -> Outgoing {
        Outgoing {
            channel: self.channel.clone(),
            thread: self.thread.clone(),
            text,
        }
    }
}
