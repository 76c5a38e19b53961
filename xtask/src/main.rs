//! The command line of Portcullis. For plugin authors: build, validate, explain and run. For this repository: the demo, the tests
//! and what is generated from the lists of permissions.
//!
//! Results go to stdout, everything else to stderr. The exit status is 0 when all is fine, 1 when a plugin is at fault, 2 when the
//! command line is, 3 when the host is.

mod archive;
mod cli;
mod company;
mod compiler;
mod configuration;
mod demo;
mod error;
mod file;
mod grants;
mod guests;
mod host;
mod input;
mod log;
mod markdown;
mod project;
mod reference;
mod schema;
mod settings;
mod stage;
mod status;
mod table;
mod terminal;
mod time;
mod value;
mod verb;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    terminal::start_tracing();
    match cli.verb.run(&cli.terminal()) {
        Ok(status) => status.into(),
        Err(error) => {
            terminal::print_error(&error);
            error.status().into()
        }
    }
}
