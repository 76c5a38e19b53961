//! `test`: everything of this repository that can be tested.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::error::CliError;
use crate::guests;
use crate::project::Project;
use crate::status::Status;
use crate::terminal::Terminal;

/// Build all guests of this repository and run all of its tests
///
/// The exit status is that of the tests.
#[derive(Args)]
pub(crate) struct Options {
    /// Arguments for `cargo test --workspace`, for example a test's name.
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
    let mut workspace = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    workspace
        .current_dir(project.root())
        .args(["test", "--workspace"])
        .args(&options.arguments);
    check(workspace, "cargo test --workspace")?;
    if !options.arguments.is_empty() {
        return Ok(Status::Fine);
    }
    for directory in project.guests() {
        if has_tests(&directory) {
            // The parts of guests that need no host, tested on this machine.
            let mut tests = guests::cargo(&directory);
            tests
                .args(["test", "--locked"])
                .env("CARGO_TARGET_DIR", project.guest_target());
            check(tests, &format!("cargo test in {}", directory.display()))?;
        }
    }
    Ok(Status::Fine)
}

/// Runs a command whose output is the user's to read; its exit status is passed on.
pub(crate) fn check(mut command: Command, program: &str) -> Result<(), CliError> {
    let hint = "install Rust from https://rustup.rs";
    let status = command.status().map_err(|source| CliError::Start {
        program: "cargo".to_owned(),
        source,
        hint,
    })?;
    if status.success() {
        return Ok(());
    }
    Err(CliError::Child {
        program: program.to_owned(),
        code: status.code().and_then(|code| u8::try_from(code).ok()),
    })
}

/// Whether a source file below the directory has tests in it.
fn has_tests(directory: &Path) -> bool {
    let Ok(entries) = fs::read_dir(directory) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return entry.file_name() != "target" && has_tests(&path);
        }
        let is_source = path.extension().is_some_and(|end| end == "rs");
        is_source && fs::read_to_string(&path).is_ok_and(|source| source.contains("#[test]"))
    })
}
