//! How a bot behaves.

use std::time::Duration;

use portcullis::clock::SharedClock;

/// How a bot behaves. Each bound has a reason beside it.
#[derive(Clone, Debug)]
pub struct Options {
    /// The world of the store that the bot is. Default `chat`. Two bots on one store are two worlds.
    pub world: String,
    /// What commands begin with. Default `!`.
    pub prefix: char,
    /// What tells the time, for floods and for conversations that are forgotten.
    pub clock: SharedClock,
    /// The longest message that is looked at, in bytes. Default 8 KiB, over twice what chat networks allow.
    pub text_bytes: usize,
    /// The longest message that the bot writes, in characters. Default 2,000, which all chat networks allow.
    pub reply_chars: usize,
    /// How many messages the bot writes at most in answer to one; what is longer is cut. Default 8: a screen or two.
    pub replies: usize,
    /// How many messages a user may write at once. Default 10.
    pub burst: u32,
    /// How often a user who has written as many may write one more. Default 1 second.
    pub refill: Duration,
    /// After how long a conversation is over in which nothing is said. Default 1 hour.
    pub conversation: Duration,
    /// For how many threads the bot keeps a session. Default 10,000. Beyond it the oldest without an open conversation is forgotten, with what plugins
    /// keep in it; if there is none, new threads are turned away.
    pub threads: usize,
    /// How many messages are worked on at once. Default 32: a fraction of what the host has instances for.
    pub at_once: usize,
    /// How many messages of one thread may wait, and commands of the bus as many. Default 16. Of one user three quarters as many may wait, in all threads together;
    /// who writes more is told so, as is who writes more than [`burst`](Self::burst). If several users fill a thread, what comes then is dropped with a
    /// warning in the log.
    pub waiting: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            world: "chat".to_owned(),
            prefix: '!',
            clock: SharedClock::default(),
            text_bytes: 8 * 1024,
            reply_chars: 2_000,
            replies: 8,
            burst: 10,
            refill: Duration::from_secs(1),
            conversation: Duration::from_secs(60 * 60),
            threads: 10_000,
            at_once: 32,
            waiting: 16,
        }
    }
}
