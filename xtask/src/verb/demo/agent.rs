//! `demo agent`: an agent with a model and tools, and plugins at its hook points; and the server that is its model.

pub(super) use crate::demo::agent::Options;

use super::{in_project, project};
use crate::demo::agent::{self, DemoError};
use crate::error::CliError;
use crate::host::block_on;
use crate::status::Status;
use crate::terminal::Terminal;

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let project = project(options.no_build, terminal)?;
    let mut options = options.clone();
    options.plugins = in_project(&project, options.plugins);
    options.files = in_project(&project, options.files);
    let report = block_on(agent::run(&options))?.map_err(failed)?;
    terminal.result(&report)?;
    // What the demo is there to show did not happen.
    Ok(if report.is_well() {
        Status::Fine
    } else {
        Status::Plugin
    })
}

/// Serves a script until the process is ended.
pub(super) fn serve() -> Result<Status, CliError> {
    match portcullis_scripted::main() {
        0 => Ok(Status::Fine),
        2 => Ok(Status::CommandLine),
        _ => Ok(Status::Host),
    }
}

fn failed(error: DemoError) -> CliError {
    let message = error.to_string();
    if error.is_usage() {
        CliError::Usage {
            message,
            hint: None,
        }
    } else {
        CliError::host(message)
    }
}
