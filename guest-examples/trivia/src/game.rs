//! How a game goes. Nothing of the host is needed for that, so it is tested without one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::questions::{Question, nth, plain};

/// How often a question may be answered wrong.
const TRIES: u32 = 3;

/// Who answers in a thread; the rest play without points.
const MAX_PLAYERS: usize = 50;

/// A game as it is kept between two messages.
#[derive(Debug, Serialize, Deserialize)]
pub struct Game {
    /// The number of the question that is asked.
    question: usize,
    /// How many are left, this one included.
    left: usize,
    /// How often this one may still be answered wrong.
    tries: u32,
    /// Who has how many points.
    scores: BTreeMap<String, u32>,
}

/// What comes of a message.
pub struct Step {
    pub text: String,
    /// Whether whoever wrote it gets a point.
    pub scored: bool,
    pub then: Move,
}

/// Whether the game goes on.
#[derive(Debug, PartialEq, Eq)]
pub enum Move {
    On,
    Over,
}

impl Game {
    /// A game of so many rounds, from this question on.
    pub fn new(first: usize, rounds: usize) -> Game {
        Game {
            question: first,
            left: rounds.max(1),
            tries: TRIES,
            scores: BTreeMap::new(),
        }
    }

    /// What is asked.
    pub fn question(&self) -> &'static str {
        self.asked().asks
    }

    /// Who has how many points.
    pub fn scores(&self) -> &BTreeMap<String, u32> {
        &self.scores
    }

    fn asked(&self) -> &'static Question {
        nth(self.question)
    }

    /// Takes an answer, or `give up`, or `quit`.
    pub fn step(&mut self, user: &str, said: &str) -> Step {
        let answer = self.asked().answer();
        match plain(said).as_str() {
            "quit" => self.over("so be it".to_owned(), false),
            "give up" | "pass" => self.next(format!("it is {answer}"), false),
            _ if self.asked().is_answered_by(said) => {
                if self.scores.len() < MAX_PLAYERS || self.scores.contains_key(user) {
                    *self.scores.entry(user.to_owned()).or_default() += 1;
                }
                self.next(format!("right, {user}: {answer}"), true)
            }
            _ => self.wrong(answer),
        }
    }

    fn wrong(&mut self, answer: &str) -> Step {
        self.tries = self.tries.saturating_sub(1);
        match self.tries {
            0 => self.next(format!("no; it is {answer}"), false),
            1 => on("no; one more try".to_owned(), false),
            tries => on(format!("no; {tries} more tries"), false),
        }
    }

    fn next(&mut self, said: String, scored: bool) -> Step {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return self.over(said, scored);
        }
        self.question += 1;
        self.tries = TRIES;
        on(format!("{said}. {}", self.question()), scored)
    }

    fn over(&self, said: String, scored: bool) -> Step {
        let scores = self.scores.iter();
        let scores: Vec<_> = scores
            .map(|(user, score)| format!("{user} {score}"))
            .collect();
        let scores = match scores.is_empty() {
            true => "nobody has a point".to_owned(),
            false => scores.join(", "),
        };
        Step {
            text: format!("{said}. The game is over: {scores}"),
            scored,
            then: Move::Over,
        }
    }
}

fn on(text: String, scored: bool) -> Step {
    Step {
        text,
        scored,
        then: Move::On,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_game() {
        let mut game = Game::new(0, 4);
        assert_eq!(game.step("ada", "Mars").text, "no; 2 more tries");
        let right = game.step("bob", "Mercury!");
        assert!(right.scored && right.text.starts_with("right, bob: mercury. How many legs"));
        assert_eq!(game.step("ada", "six").text, "no; 2 more tries");
        assert_eq!(game.step("ada", "ten").text, "no; one more try");
        assert!(
            game.step("ada", "two")
                .text
                .starts_with("no; it is eight. Which gate")
        );
        assert!(
            game.step("ada", "give up")
                .text
                .starts_with("it is portcullis. What is")
        );
        let last = game.step("ada", "12");
        assert_eq!(
            last.text,
            "right, ada: twelve. The game is over: ada 1, bob 1"
        );
        assert_eq!(last.then, Move::Over);
        assert_eq!(Game::new(3, 2).step("ada", "quit").then, Move::Over);
    }
}
