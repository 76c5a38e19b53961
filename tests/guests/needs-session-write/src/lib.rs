//! Imports `session-write` without asking for the permission in its manifest.

use portcullis_sdk::prelude::*;

#[derive(Default)]
struct NeedsSessionWrite;

impl Conditions for NeedsSessionWrite {
    fn evaluate(&self, _name: &str, _subject: &Subject, _params: &Params) -> Result<bool, Failure> {
        session::set_flag("was-here", &true)?;
        Ok(true)
    }
}

portcullis_sdk::plugin!(NeedsSessionWrite: conditions);
