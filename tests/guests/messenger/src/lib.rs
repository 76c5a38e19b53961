//! Emits events as it is told, and hears them: what a handler does is the part of its name before the first hyphen. What each is expected
//! to end in stands in the README of this workspace.

mod handler;
mod step;

use portcullis_sdk::prelude::*;
use serde::Deserialize;

use crate::step::Step;

#[derive(Default)]
struct Messenger;

/// True if the host refused nothing.
impl Conditions for Messenger {
    fn evaluate(&self, name: &str, _subject: &Subject, params: &Params) -> Result<bool, Failure> {
        match name {
            "steps" => Ok(all(params.get("steps")?)?
                .iter()
                .all(|(_, one)| one.is_ok())),
            other => Err(Failure::unknown(other)),
        }
    }
}

impl Effects for Messenger {
    fn apply(&self, name: &str, _subject: &Subject, params: &Params) -> Result<(), Failure> {
        match name {
            "steps" => all(params.get("steps")?).map(drop),
            other => Err(Failure::unknown(other)),
        }
    }
}

impl Events for Messenger {
    fn handle(&self, name: &str, about: &Subject, event: &Event) -> Result<Option<Value>, Failure> {
        handler::handle(name, about, event)
    }
}

/// What came of a step, by its name.
type Answers = Vec<(String, Result<Value, Error>)>;

/// Takes the steps and logs what came of each. A refusal is what came of a step, and the call goes on.
fn all(steps: Vec<Value>) -> Result<Answers, Failure> {
    let mut answers = Vec::new();
    for raw in steps {
        let op = raw["op"].as_str().unwrap_or_default().to_owned();
        let answer = Step::deserialize(raw)?.take()?;
        match &answer {
            Ok(value) => log::info(&op, &[("answer", value)]),
            Err(error) => log::warn(&op, &[("refused", error)]),
        }
        answers.push((op, answer));
    }
    Ok(answers)
}

portcullis_sdk::plugin!(Messenger: conditions, effects, events);
