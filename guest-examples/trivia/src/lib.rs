//! A quiz over several messages. A game belongs to a thread of a world: its state stands at the key `game/<world>/<thread>` of the plugin's store, for as long as a
//! game waits for an answer; when that is over the key has expired, and so has the game.

mod game;
mod questions;

use std::time::Duration;

use portcullis_sdk::prelude::*;
use serde::Deserialize;

use game::{Game, Move};

/// How long a game waits where nobody configured it.
const SECONDS: u64 = 300;

/// For how long a score is kept after the last right answer: 90 days. So the store has room again for those who play.
const SCORE_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

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
        subject: &Subject,
        invocation: &Invocation,
    ) -> Result<Answer, Failure> {
        let world = &*subject.world;
        match (name, invocation.said()) {
            ("trivia", None) => start(world, invocation),
            ("trivia", Some(said)) => play(world, invocation, said),
            ("trivia-score", _) => score(world, user(invocation)),
            (other, _) => Err(Failure::unknown(other)),
        }
    }
}

fn user(invocation: &Invocation) -> &str {
    invocation.user().unwrap_or("somebody")
}

fn start(world: &str, invocation: &Invocation) -> Result<Answer, Failure> {
    let place = kv::world_key("game", world, invocation.thread()?);
    if let Some(game) = kv::get::<Game>(&place)? {
        let text = format!("a game is on here: {}", game.question());
        return Ok(Answer::result(text).more());
    }
    let Start { rounds } = invocation.arguments()?;
    let game = Game::new(first_question(world, rounds)?, rounds);
    let plural = if rounds == 1 { "" } else { "s" };
    let text = format!("{rounds} question{plural}. {}", game.question());
    match keep(&place, &game)? {
        true => Ok(Answer::result(text).more()),
        false => Ok(Answer::error("too many games are on; try again later")),
    }
}

/// Games of a world take their questions one after the other, so that two threads at once are asked different ones.
fn first_question(world: &str, rounds: usize) -> Result<usize, Failure> {
    match kv::increment(&kv::world_key("next", world, "question"), rounds as i64) {
        Ok(next) => Ok((next - rounds as i64).unsigned_abs() as usize),
        // The store is full: any question will do.
        Err(Error::OverBudget) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

fn play(world: &str, invocation: &Invocation, said: &str) -> Result<Answer, Failure> {
    let place = kv::world_key("game", world, invocation.thread()?);
    let Some(mut game) = kv::get::<Game>(&place)? else {
        return Ok(Answer::error("the game is over: nobody answered in time"));
    };
    let user = user(invocation);
    let step = game.step(user, said);
    let goes_on = match step.then {
        Move::On => keep(&place, &game)?,
        Move::Over => false,
    };
    if !goes_on {
        kv::delete(&place)?;
    }
    // The game first: what it needs no score may take.
    if step.scored {
        count(&kv::world_key("score", world, user))?;
    }
    let answer = match (&step.then, goes_on) {
        (Move::On, false) => "too many games are on: this one cannot go on".to_owned(),
        _ => step.text,
    };
    let answer = Answer::result(answer);
    Ok(match goes_on {
        true => answer.more(),
        false => answer.event("game-over", json!({ "scores": game.scores() })),
    })
}

/// Keeps a game; false if the store is full.
fn keep(place: &str, game: &Game) -> Result<bool, Failure> {
    let seconds = config::get("seconds")?.unwrap_or(SECONDS);
    there_was_room(kv::set_for(place, game, Duration::from_secs(seconds)))
}

/// Counts a right answer. Where the store is full of other users' scores, this one is not counted, and the game goes on.
fn count(place: &str) -> Result<(), Failure> {
    let score = kv::get::<i64>(place)?.unwrap_or(0).saturating_add(1);
    there_was_room(kv::set_for(place, &score, SCORE_KEPT)).map(drop)
}

fn there_was_room(kept: Result<(), Error>) -> Result<bool, Failure> {
    match kept {
        Ok(()) => Ok(true),
        Err(Error::OverBudget) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn score(world: &str, user: &str) -> Result<Answer, Failure> {
    let score = kv::get::<i64>(&kv::world_key("score", world, user))?.unwrap_or(0);
    let text = format!("{user}: {score} right");
    Ok(Answer::result(json!({ "text": text, "score": score })))
}

portcullis_sdk::plugin!(Trivia: commands);
