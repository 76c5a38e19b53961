//! `bench`: what Portcullis adds to bare wasmtime.

use std::ffi::OsString;

use clap::Args;

use super::test::check;
use crate::error::CliError;
use crate::guests;
use crate::project::Project;
use crate::status::Status;
use crate::terminal::Terminal;

/// Compare Portcullis with bare wasmtime, in one run of an optimised build
///
/// The bare side is `tests/bench/src/bare.rs`. The first run compiles everything once more, optimised.
#[derive(Args)]
pub(crate) struct Options {
    /// Arguments for the benchmark, for example `--rounds 121`.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    arguments: Vec<OsString>,
}

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let project = Project::find()?;
    terminal.progress("building the guests");
    guests::build_all(&project)?;
    let mut bench = guests::cargo(project.root());
    bench
        .args(["run", "--release", "--package", "portcullis-bench", "--"])
        .args(&options.arguments)
        .args(terminal.is_json().then_some("--json"));
    check(bench, "cargo run --package portcullis-bench")?;
    Ok(Status::Fine)
}
