//! How far a run may go.

use std::time::Duration;

/// What a run may use up. A model decides how often it asks for tools and what it writes, so each of these ends or cuts something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How often the model is asked; no tools are used after the last answer. Default 16: what takes more steps goes in circles more often than not, and each turn costs the whole
    /// conversation again.
    pub turns: u32,
    /// How many of the tools that an answer asks for are used; the model is told that the others were not. Default 8.
    pub calls_per_turn: usize,
    /// What the model sees of a tool's output, in bytes; the rest is cut, at a line's end where there is one. Default 16 KiB, about 4,000
    /// tokens: it is sent again with every turn.
    pub output_bytes: usize,
    /// The longest text: of a work item's description, of an answer, and of a tool's arguments, each, in bytes. Default 64 KiB, more than a model
    /// writes with [`Options::max_tokens`](crate::Options::max_tokens).
    pub text_bytes: usize,
    /// The longest conversation, in bytes of JSON; a run whose conversation is longer ends, as does one whose model asks for tools at greater length. Default 512 KiB: plugins get it in one piece, and a
    /// crossing has 1 MiB.
    pub conversation_bytes: usize,
    /// How long a run may take, plugins, tools and waiting for the model included. Default 10 minutes.
    pub run: Duration,
    /// How long one use of a tool may take. Default 30 seconds.
    pub tool: Duration,
    /// How often the model is asked for one answer, if its server is busy or broken. Default 3.
    pub attempts: u32,
    /// How long to wait before it is asked again, twice as long each time; a server that says how long is believed, up to 30 seconds. Default 1
    /// second.
    pub backoff: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            turns: 16,
            calls_per_turn: 8,
            output_bytes: 16 * 1024,
            text_bytes: 64 * 1024,
            conversation_bytes: 512 * 1024,
            run: Duration::from_secs(10 * 60),
            tool: Duration::from_secs(30),
            attempts: 3,
            backoff: Duration::from_secs(1),
        }
    }
}
