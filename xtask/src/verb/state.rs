//! `state`: look after the file in which a host's worlds last.

mod check;
mod events;
mod export;
mod import;
mod plugins;

use clap::{Args, Subcommand};

use crate::archive;
use crate::error::CliError;
use crate::status::Status;
use crate::terminal::Terminal;

/// Check, export and import a host's state, read its events, and choose the plugins of its worlds
#[derive(Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    place: archive::Place,
}

/// What is done with the state.
#[derive(Subcommand)]
enum What {
    Check(check::Options),
    Events(events::Options),
    Export(export::Options),
    Import(import::Options),
    Plugins(plugins::Options),
}

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let place = &options.place;
    match &options.what {
        What::Check(options) => check::run(options, place, terminal),
        What::Events(options) => events::run(options, place, terminal),
        What::Export(options) => export::run(options, place, terminal),
        What::Import(options) => import::run(options, place, terminal),
        What::Plugins(options) => plugins::run(options, place, terminal),
    }
}
