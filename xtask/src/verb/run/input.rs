//! Whom a call is about, and its parameters.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use portcullis::Subject;
use portcullis::extension::scoring::Candidate;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::stage::Stage;
use crate::error::CliError;
use crate::file::{self, Content};

/// The most bytes of an input. A call's parameters are far smaller.
const MAX_INPUT: u64 = 16 << 20;

/// Whom the call is about. Wins over the input.
#[derive(Args, Debug)]
pub(super) struct SubjectFlags {
    /// The world that the call is about; the loaded one if there is one only.
    #[arg(long, value_name = "ID")]
    world_id: Option<String>,

    /// The session that the call is about.
    #[arg(long, value_name = "ID")]
    session: Option<String>,

    /// The NPC that the call is about.
    #[arg(long, value_name = "ID")]
    npc: Option<String>,
}

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

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct InputSubject {
    world: Option<String>,
    session: Option<String>,
    npc: Option<String>,
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
    let input = input.map(read).transpose()?.unwrap_or_default();
    let world = flags
        .world_id
        .clone()
        .or(input.subject.world)
        .or_else(|| stage.only_world());
    let mut subject = world.map_or_else(Subject::none, Subject::world);
    if let Some(session) = flags.session.clone().or(input.subject.session) {
        subject = subject.session(session);
    }
    if let Some(npc) = flags.npc.clone().or(input.subject.npc) {
        subject = subject.npc(npc);
    }
    Ok(Request {
        subject,
        params: input.params,
        candidates: input.candidates.into(),
    })
}

fn read(path: &Path) -> Result<Input, CliError> {
    let too_large = || CliError::File {
        path: path.to_owned(),
        why: format!("the input has more than {MAX_INPUT} bytes"),
    };
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .take(MAX_INPUT + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| CliError::io(path, error))?;
        bytes
    } else {
        match file::read(path, MAX_INPUT)? {
            Content::Read(bytes) => bytes,
            Content::TooLarge { .. } => return Err(too_large()),
        }
    };
    if bytes.len() as u64 > MAX_INPUT {
        return Err(too_large());
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        CliError::usage(
            format!("the input {}: {error}", path.display()),
            r#"write {"subject": {"world": "...", "session": "...", "npc": "..."}, "params": {...}, "candidates": [{"activity": "...", "score": 1}]}; every part may be left out"#,
        )
    })
}
