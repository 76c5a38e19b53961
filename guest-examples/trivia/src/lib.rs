//! A quiz over several messages. A game belongs to a thread: its state stands at the key `game/<thread>` of the plugin's store, for as long as a game waits for an
//! answer; when that is over the key has expired, and so has the game.

mod game;
mod questions;

use std::time::Duration;

use portcullis_sdk::prelude::*;
use serde::Deserialize;

use game::{Game, Move};

/// How long a game waits where nobody configured it.
const SECONDS: u64 = 300;

#[derive(Default)]
struct Trivia;

/// The arguments of `trivia`.
#[derive(Deserialize)]
struct Start {
    rounds: usize,
}

impl Commands for Trivia {
    fn invoke(
        &self,
        name: &str,
        _subject: &Subject,
        invocation: &Invocation,
    ) -> Result<Answer, Failure> {
        match (name, invocation.said()) {
            ("trivia", None) => start(invocation),
            ("trivia", Some(said)) => play(invocation, said),
            ("trivia-score", _) => score(user(invocation)),
            (other, _) => Err(Failure::unknown(other)),
        }
    }
}

fn user(invocation: &Invocation) -> &str {
    invocation.user().unwrap_or("somebody")
}

fn game_key(invocation: &Invocation) -> Result<String, Failure> {
    Ok(format!("game/{}", invocation.thread()?))
}

fn start(invocation: &Invocation) -> Result<Answer, Failure> {
    let key = game_key(invocation)?;
    if let Some(game) = kv::get::<Game>(&key)? {
        let text = format!("a game is on here: {}", game.question());
        return Ok(Answer::result(text).more());
    }
    let Start { rounds } = invocation.arguments()?;
    // Games take their questions one after the other, so that two threads at once are asked different ones.
    let first = kv::increment("games", rounds as i64)? - rounds as i64;
    let game = Game::new(first.unsigned_abs() as usize, rounds);
    let plural = if rounds == 1 { "" } else { "s" };
    let text = format!("{rounds} question{plural}. {}", game.question());
    keep(&key, &game)?;
    Ok(Answer::result(text).more())
}

fn play(invocation: &Invocation, said: &str) -> Result<Answer, Failure> {
    let key = game_key(invocation)?;
    let Some(mut game) = kv::get::<Game>(&key)? else {
        return Ok(Answer::error("the game is over: nobody answered in time"));
    };
    let user = user(invocation);
    let step = game.step(user, said);
    if step.scored {
        kv::increment(&format!("score/{user}"), 1)?;
    }
    let answer = Answer::result(step.text);
    match step.then {
        Move::Over => {
            kv::delete(&key)?;
            Ok(answer.event("game-over", json!({ "scores": game.scores() })))
        }
        Move::On => {
            keep(&key, &game)?;
            Ok(answer.more())
        }
    }
}

fn keep(key: &str, game: &Game) -> Result<(), Failure> {
    let seconds = config::get("seconds")?.unwrap_or(SECONDS);
    Ok(kv::set_for(key, game, Duration::from_secs(seconds))?)
}

fn score(user: &str) -> Result<Answer, Failure> {
    let score = kv::get::<i64>(&format!("score/{user}"))?.unwrap_or(0);
    let text = format!("{user}: {score} right");
    Ok(Answer::result(json!({ "text": text, "score": score })))
}

portcullis_sdk::plugin!(Trivia: commands);
