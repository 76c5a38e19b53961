//! Input of the user's: JSON from a file or stdin, and whom a call is about.

use std::io::{self, Read};
use std::path::Path;

use clap::Args;
use portcullis::Subject;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::CliError;
use crate::file::{self, Content};
use crate::stage::Stage;

/// The most bytes of an input. A call's parameters are far smaller.
const MAX_INPUT: u64 = 16 << 20;

/// Whom the call is about. Wins over the input.
#[derive(Args, Debug, Default)]
pub(crate) struct SubjectFlags {
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

/// Whom the call is about, as an input says it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct InputSubject {
    world: Option<String>,
    session: Option<String>,
    npc: Option<String>,
}

impl SubjectFlags {
    /// Whom the call is about: as the flags say, else as the input does, else in the only world that is there.
    pub(crate) fn subject(&self, input: InputSubject, stage: &Stage) -> Subject {
        let world = self.world_id.clone().or(input.world);
        let world = world.or_else(|| stage.only_world());
        let mut subject = world.map_or_else(Subject::none, Subject::world);
        if let Some(session) = self.session.clone().or(input.session) {
            subject = subject.session(session);
        }
        if let Some(npc) = self.npc.clone().or(input.npc) {
            subject = subject.npc(npc);
        }
        subject
    }
}

/// The JSON in a file, or on stdin for `-`. `shape` tells what to write.
///
/// # Errors
/// The input cannot be read, or is not of its shape.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, shape: &str) -> Result<T, CliError> {
    let bytes = bytes(path)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| CliError::usage(format!("the input {}: {error}", path.display()), shape))
}

fn bytes(path: &Path) -> Result<Vec<u8>, CliError> {
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
    match bytes.len() as u64 > MAX_INPUT {
        true => Err(too_large()),
        false => Ok(bytes),
    }
}
