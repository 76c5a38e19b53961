//! `soak`: good and hostile plugins at full load, for long.

use std::path::{Path, PathBuf};

use clap::Args;

use super::test::check;
use crate::error::CliError;
use crate::guests;
use crate::project::Project;
use crate::status::Status;
use crate::terminal::Terminal;

/// Run good and hostile plugins at full load, and tell what the host takes over time
///
/// An optimised build, with two workers. Prints a table and a verdict, and draws each series with --svg. The exit status is that of the verdict: memory
/// that grows, descriptors, threads or children that are left, a lost receipt or a panic of the host fail it.
#[derive(Args)]
pub(crate) struct Options {
    /// For how long, in minutes. The first fifth is warm-up.
    #[arg(long, default_value_t = 15.0)]
    minutes: f64,

    /// Draw the run as an SVG.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let project = Project::find()?;
    let svg = options.svg.as_deref().map(whole).transpose()?;
    terminal.progress("building the guests");
    guests::build_all(&project)?;
    let mut soak = guests::cargo(project.root());
    soak.args(["run", "--release", "--package", "portcullis-bench"])
        .args(["--bin", "portcullis-soak", "--"])
        .args(["--minutes", &options.minutes.to_string()])
        .args(terminal.is_json().then_some("--json"));
    if let Some(svg) = &svg {
        soak.arg("--svg").arg(svg);
    }
    check(soak, "cargo run --bin portcullis-soak")?;
    Ok(Status::Fine)
}

/// The program runs in the project's directory, the path is meant from the user's.
fn whole(path: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(path).map_err(|error| CliError::io(path, error))
}
