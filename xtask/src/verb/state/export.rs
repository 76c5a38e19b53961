//! `state export`: a world as a file.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use portcullis_world::load;

use crate::archive;
use crate::error::CliError;
use crate::status::Status;
use crate::terminal::Terminal;

/// Write a world of the state as a world file
///
/// Read again with `state import`, it is the same world. What plugins keep in their key-value stores, and the history, stay behind.
#[derive(Args)]
pub(super) struct Options {
    /// The world's id.
    world: String,

    /// The file; stdout where none is given.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(
    options: &Options,
    place: &archive::Place,
    terminal: Terminal,
) -> Result<Status, CliError> {
    let worlds = place.open()?.worlds().map_err(archive::failed)?;
    let Some(world) = worlds.iter().find(|world| *world.id == *options.world) else {
        return Err(archive::no_world(
            &options.world,
            worlds.iter().map(|world| &*world.id),
        ));
    };
    let text = load::write(world).map_err(|error| CliError::File {
        path: place.state.clone(),
        why: format!("the routines of the world `{}`: {error}", world.id),
    })?;
    match &options.output {
        Some(path) => fs::write(path, text).map_err(|error| CliError::io(path, error))?,
        None => terminal.text(&text)?,
    }
    Ok(Status::Fine)
}
