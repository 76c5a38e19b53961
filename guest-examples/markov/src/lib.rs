//! Learns from a channel of a chat which word follows which, and speaks like it there and nowhere else. What it knows of one stands in at most 64 keys of its own store,
//! each of which expires when none of its words was said for a while: what nobody says any more is forgotten.

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
    #[serde(default)]
    channel: String,
    text: String,
}

/// The arguments of `markov`.
#[derive(Deserialize)]
struct Speak {
    from: Option<String>,
}

impl Events for Markov {
    fn handle(&self, name: &str, about: &Subject, event: &Event) -> Result<Option<Value>, Failure> {
        match name {
            "listen" => {
                let Message { channel, text } = event.payload()?;
                learn(&about.world, &channel, &text)?;
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
        subject: &Subject,
        invocation: &Invocation,
    ) -> Result<Answer, Failure> {
        match name {
            "markov" => {
                let channel = invocation.channel().unwrap_or_default();
                speak(&subject.world, channel, invocation.arguments()?)
            }
            other => Err(Failure::unknown(other)),
        }
    }
}

/// The plugin's store as the shelves of a channel.
struct Stored<'a> {
    world: &'a str,
    channel: &'a str,
    ttl: Duration,
}

impl<'a> Stored<'a> {
    fn of(world: &'a str, channel: &'a str) -> Result<Self, Error> {
        let days: u64 = config::get("days")?.unwrap_or(DAYS);
        Ok(Self {
            world,
            channel,
            ttl: Duration::from_secs(days * 24 * 60 * 60),
        })
    }

    fn key(&self, place: usize) -> String {
        kv::world_key("words", self.world, &format!("{}/{place}", self.channel))
    }
}

impl Shelves for Stored<'_> {
    type Error = Error;

    fn shelf(&mut self, place: usize) -> Result<memory::Shelf, Error> {
        Ok(kv::get(&self.key(place))?.unwrap_or_default())
    }

    fn keep(&mut self, place: usize, shelf: &memory::Shelf) -> Result<bool, Error> {
        match kv::set_for(&self.key(place), shelf, self.ttl) {
            Err(Error::OverBudget) => Ok(false),
            kept => kept.map(|()| true),
        }
    }
}

fn learn(world: &str, channel: &str, text: &str) -> Result<(), Error> {
    let words = words::of(text);
    if words.len() < 2 {
        return Ok(());
    }
    let mut memory = Memory::new(Stored::of(world, channel)?);
    memory.learn(&words)?;
    memory.keep()
}

fn speak(world: &str, channel: &str, asked: Speak) -> Result<Answer, Failure> {
    let mut memory = Memory::new(Stored::of(world, channel)?);
    // Another sentence each time, and the same ones in the same order for whoever tries this out.
    let seed = match kv::increment("spoken", 1) {
        // The store is full: the same sentence again.
        Err(Error::OverBudget) => 0,
        seed => seed?,
    };
    let from = asked.from.map(|from| words::of(&from)).unwrap_or_default();
    let said = memory.speak(from.first().map(String::as_str), seed.unsigned_abs())?;
    Ok(match (said.is_empty(), from.is_empty()) {
        (false, _) => Answer::result(said.join(" ")),
        (true, true) => Answer::error("I have not heard anything yet"),
        (true, false) => Answer::error("I never heard that word"),
    })
}

portcullis_sdk::plugin!(Markov: events, commands);
