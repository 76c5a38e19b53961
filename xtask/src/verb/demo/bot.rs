//! `demo bot`: a chat bot whose commands are plugins.

pub(super) use crate::demo::bot::Options;

use super::{in_project, project};
use crate::demo::bot::{self, DemoError};
use crate::error::CliError;
use crate::host::block_on;
use crate::status::Status;
use crate::terminal::Terminal;

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let project = project(options.no_build, terminal)?;
    let mut options = options.clone();
    options.plugins = in_project(&project, options.plugins);
    if options.interactive {
        terminal.progress("write `!help`; end with Ctrl-D");
    }
    let report = block_on(bot::run(&options))?.map_err(failed)?;
    terminal.result(&report)?;
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
