//! Learns from a chat which word follows which, and speaks like it. What it knows stands in at most 256 keys of its own store, each of which expires when none of its
//! words was said for a while: what nobody says any more is forgotten.

mod memory;
mod words;

use std::time::Duration;

use portcullis_sdk::prelude::*;
use serde::Deserialize;

use memory::{Memory, Shelves};

/// For how many days words are remembered where nobody configured it.
const DAYS: u64 = 7;

#[derive(Default)]
struct Markov;

/// A message of the chat, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    text: String,
}

/// The arguments of `markov`.
#[derive(Deserialize)]
struct Speak {
    from: Option<String>,
}

impl Events for Markov {
    fn handle(
        &self,
        name: &str,
        _about: &Subject,
        event: &Event,
    ) -> Result<Option<Value>, Failure> {
        match name {
            "listen" => {
                let Message { text } = event.payload()?;
                learn(&text)?;
                Ok(None)
            }
            other => Err(Failure::unknown(other)),
        }
    }
}

impl Commands for Markov {
    fn invoke(
        &self,
        name: &str,
        _subject: &Subject,
        invocation: &Invocation,
    ) -> Result<Answer, Failure> {
        match name {
            "markov" => speak(invocation.arguments()?),
            other => Err(Failure::unknown(other)),
        }
    }
}

/// The plugin's store as shelves.
struct Stored {
    ttl: Duration,
}

impl Shelves for Stored {
    type Error = Error;

    fn shelf(&mut self, place: usize) -> Result<memory::Shelf, Error> {
        Ok(kv::get(&key(place))?.unwrap_or_default())
    }

    fn keep(&mut self, place: usize, shelf: &memory::Shelf) -> Result<(), Error> {
        kv::set_for(&key(place), shelf, self.ttl)
    }
}

fn key(place: usize) -> String {
    format!("words/{place}")
}

fn stored() -> Result<Stored, Error> {
    let days: u64 = config::get("days")?.unwrap_or(DAYS);
    Ok(Stored {
        ttl: Duration::from_secs(days * 24 * 60 * 60),
    })
}

fn learn(text: &str) -> Result<(), Error> {
    let words = words::of(text);
    if words.len() < 2 {
        return Ok(());
    }
    let mut memory = Memory::new(stored()?);
    memory.learn(&words)?;
    memory.keep()
}

fn speak(asked: Speak) -> Result<Answer, Failure> {
    let mut memory = Memory::new(stored()?);
    // Another sentence each time, and the same ones in the same order for whoever tries this out.
    let seed = kv::increment("spoken", 1)?;
    let from = asked.from.map(|from| words::of(&from)).unwrap_or_default();
    let said = memory.speak(from.first().map(String::as_str), seed.unsigned_abs())?;
    Ok(match (said.is_empty(), from.is_empty()) {
        (false, _) => Answer::result(said.join(" ")),
        (true, true) => Answer::error("I have not heard anything yet"),
        (true, false) => Answer::error("I never heard that word"),
    })
}

portcullis_sdk::plugin!(Markov: events, commands);
