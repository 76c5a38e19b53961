//! `demo`: worlds of NPCs whose behaviour comes from plugins, hostile ones among them.

use std::path::{Path, PathBuf};

pub(crate) use crate::demo::Options;

use crate::demo;
use crate::error::CliError;
use crate::guests;
use crate::host::block_on;
use crate::project::Project;
use crate::status::Status;
use crate::terminal::Terminal;

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let project = Project::find()?;
    if !options.no_build {
        terminal.progress("building the plugins");
        guests::build_all(&project)?;
    }
    let mut options = options.clone();
    options.plugins = in_project(&project, options.plugins);
    options.state = in_project(&project, options.state);
    options.receipts = in_project(&project, options.receipts);
    let report = block_on(demo::run(&options, terminal.is_json()))?.map_err(failed)?;
    terminal.result(&report)?;
    // What the demo is there to show did not happen.
    Ok(if report.is_well() {
        Status::Fine
    } else {
        Status::Plugin
    })
}

/// The defaults are below `target/` of the repository, wherever in it the command is given.
fn in_project(project: &Project, path: PathBuf) -> PathBuf {
    let is_default = path.starts_with("target") && !Path::new("target").is_dir();
    if is_default {
        project.root().join(path)
    } else {
        path
    }
}

fn failed(error: demo::DemoError) -> CliError {
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
