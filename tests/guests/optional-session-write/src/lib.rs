//! Asks for `session:write` as optional and writes whether it has it or not.

use portcullis_sdk::prelude::*;

#[derive(Default)]
struct OptionalSessionWrite;

impl Conditions for OptionalSessionWrite {
    fn evaluate(&self, name: &str, _subject: &Subject, _params: &Params) -> Result<bool, Failure> {
        match name {
            // Whether the write was taken; false for a denial, which is what a missing grant answers.
            "try-write" => match session::set_flag("was-here", &true) {
                Ok(()) => Ok(true),
                Err(Error::Denied(_)) => Ok(false),
                Err(other) => Err(other.into()),
            },
            "has-write" => Ok(permissions::has("session:write")),
            "require-write" => permissions::require("session:write")
                .map(|()| true)
                .map_err(Failure::from),
            other => Err(Failure::unknown(other)),
        }
    }
}

impl Effects for OptionalSessionWrite {
    fn apply(&self, name: &str, _subject: &Subject, _params: &Params) -> Result<(), Failure> {
        match name {
            "write" => Ok(session::set_flag("was-here", &true)?),
            other => Err(Failure::unknown(other)),
        }
    }
}

portcullis_sdk::plugin!(OptionalSessionWrite: conditions, effects);
