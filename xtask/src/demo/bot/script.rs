//! What people say in the demo.

use portcullis::Host;
use portcullis_bot::{Bot, Incoming};
use serde::Serialize;

/// A message, and what the bot says to it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Exchange {
    /// The thread in which it was said.
    pub(crate) thread: &'static str,
    /// Who said it.
    pub(crate) user: &'static str,
    /// What was said.
    pub(crate) said: &'static str,
    /// What the bot said to it.
    pub(crate) replies: Vec<String>,
}

/// Thread, user, message.
const SCRIPT: &[(&str, &str, &str)] = &[
    ("lobby", "ada", "!help"),
    // A counter for each user, whatever the thread.
    ("lobby", "ada", "!echo good morning"),
    ("lobby", "bob", "!echo morning, ada"),
    ("yard", "ada", "!echo \"is there an echo?\""),
    // Two games at once, each in its thread.
    ("yard", "ada", "!trivia 2"),
    ("tower", "bob", "!trivia rounds=1"),
    ("yard", "ada", "Mars"),
    ("tower", "bob", "a portcullis"),
    ("yard", "bob", "Mercury?"),
    ("yard", "ada", "!echo hm"),
    ("yard", "ada", "give up"),
    ("tower", "bob", "!trivia-score"),
    // What is said to nobody in particular is heard by whoever listens.
    ("lobby", "ada", "the gate is open and the king is asleep"),
    ("lobby", "bob", "the king is awake and the moon is up"),
    ("lobby", "ada", "the moon is in the moat"),
    ("lobby", "bob", "!markov"),
    ("lobby", "ada", "!markov king"),
    ("lobby", "bob", "!markov dragon"),
    // Mistakes are answered too.
    ("lobby", "ada", "!ecko hello"),
    ("lobby", "ada", "!trivia 99"),
];

/// Lets people say it, one after the other. What was said to nobody in particular has been heard before the next one speaks.
pub(super) async fn play(bot: &Bot, host: &Host) -> Vec<Exchange> {
    let mut transcript = Vec::new();
    for (thread, user, said) in SCRIPT.iter().copied() {
        let replies = bot.hear(Incoming::new("castle", thread, user, said)).await;
        host.events_idle().await;
        transcript.push(Exchange {
            thread,
            user,
            said,
            replies: replies.into_iter().map(|reply| reply.text).collect(),
        });
    }
    transcript
}
