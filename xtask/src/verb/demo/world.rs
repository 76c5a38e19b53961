//! `demo` and `demo world`: worlds of NPCs whose behaviour comes from plugins, hostile ones among them.

pub(super) use crate::demo::world::Options;

use super::{in_project, project};
use crate::demo::world::{self, DemoError};
use crate::error::CliError;
use crate::host::block_on;
use crate::status::Status;
use crate::terminal::Terminal;

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let project = project(options.no_build, terminal)?;
    let mut options = options.clone();
    options.plugins = in_project(&project, options.plugins);
    options.state = in_project(&project, options.state);
    options.receipts = in_project(&project, options.receipts);
    let report = block_on(world::run(&options, terminal.is_json()))?.map_err(failed)?;
    terminal.result(&report)?;
    // What the demo is there to show did not happen.
    Ok(if report.is_well() {
        Status::Fine
    } else {
        Status::Plugin
    })
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
