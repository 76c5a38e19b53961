//! Whom a call is about, and its parameters.

use std::path::Path;
use std::sync::Arc;

use portcullis::Subject;
use portcullis::extension::scoring::Candidate;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::CliError;
use crate::input::{self, InputSubject, SubjectFlags};
use crate::stage::Stage;

/// What an input is like.
const SHAPE: &str = r#"write {"subject": {"world": "...", "session": "...", "npc": "..."}, "params": {...}, "candidates": [{"activity": "...", "score": 1}]}; every part may be left out"#;

/// A call's subject and parameters, and for `scoring` what there is to choose among.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) subject: Subject,
    pub(super) params: Map<String, Value>,
    pub(super) candidates: Arc<[Candidate]>,
}

/// The input as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Input {
    subject: InputSubject,
    params: Map<String, Value>,
    candidates: Vec<Candidate>,
}

/// Puts the input, the flags and the loaded worlds together.
///
/// # Errors
/// The input cannot be read, or is not of its shape.
pub(super) fn request(
    input: Option<&Path>,
    flags: &SubjectFlags,
    stage: &Stage,
) -> Result<Request, CliError> {
    let input: Input = input
        .map(|path| input::read(path, SHAPE))
        .transpose()?
        .unwrap_or_default();
    Ok(Request {
        subject: flags.subject(input.subject, stage),
        params: input.params,
        candidates: input.candidates.into(),
    })
}
