//! `state import`: world files come into the state.

use std::path::PathBuf;

use clap::Args;
use portcullis_state::Store;
use portcullis_world::{World, load};

use crate::archive;
use crate::error::CliError;
use crate::host::block_on;
use crate::status::Status;
use crate::terminal::Terminal;

/// Put world files into the state, all of them or none
///
/// A state that is not there is made. A world that the state has is refused unless --replace says otherwise. No host may be running on
/// the state.
#[derive(Args)]
pub(super) struct Options {
    /// World files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Puts the worlds in the place of those that the state has under the same ids.
    #[arg(long)]
    replace: bool,
}

pub(super) fn run(
    options: &Options,
    place: &archive::Place,
    terminal: Terminal,
) -> Result<Status, CliError> {
    let mut worlds = Vec::new();
    for file in &options.files {
        worlds.push(load::read_file(file)?);
    }
    let store = place.store_or_new()?;
    let ids: Vec<String> = worlds.iter().map(|world| world.id.to_string()).collect();
    block_on(put(&store, worlds, options.replace))??;
    terminal.progress(format!("imported {}", ids.join(", ")));
    Ok(Status::Fine)
}

async fn put(store: &Store, worlds: Vec<World>, replace: bool) -> Result<(), CliError> {
    let put = store.transact("import", move |transaction| {
        for world in worlds {
            if !replace && transaction.world(&world.id).is_some() {
                return Err(world.id);
            }
            transaction.put_world(world);
        }
        Ok(())
    });
    put.await.map_err(archive::refused(|id| {
        CliError::usage(
            format!("the state has a world `{id}` already"),
            "--replace puts the file's in its place",
        )
    }))
}
