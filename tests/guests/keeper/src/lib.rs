//! Does what it is told, step by step, and logs what came of each: the functions of `npc-write`, `kv` and `generation`, and those that they
//! are compared with.

mod step;

use portcullis_sdk::prelude::*;
use serde::Deserialize;

use crate::step::Step;

#[derive(Default)]
struct Keeper;

/// True if the host refused nothing.
impl Conditions for Keeper {
    fn evaluate(&self, name: &str, _subject: &Subject, params: &Params) -> Result<bool, Failure> {
        match name {
            "steps" => all(params),
            other => Err(Failure::unknown(other)),
        }
    }
}

impl Effects for Keeper {
    fn apply(&self, name: &str, _subject: &Subject, params: &Params) -> Result<(), Failure> {
        match name {
            "steps" => all(params).map(drop),
            other => Err(Failure::unknown(other)),
        }
    }
}

/// Takes `steps`. A refusal is what came of a step, and the call goes on; with `strict`, it fails, and nothing is logged.
fn all(params: &Params) -> Result<bool, Failure> {
    let strict = params.find("strict")?.unwrap_or(false);
    let mut done = true;
    for raw in params.get::<Vec<Value>>("steps")? {
        let op = raw["op"].as_str().unwrap_or_default().to_owned();
        let answer = Step::deserialize(raw)?.take()?;
        if strict {
            answer?;
            continue;
        }
        done &= answer.is_ok();
        match answer {
            Ok(value) => log::info(&op, &[("answer", &value)]),
            Err(error) => log::warn(&op, &[("refused", &error)]),
        }
    }
    Ok(done)
}

portcullis_sdk::plugin!(Keeper: conditions, effects);
