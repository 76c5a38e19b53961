//! The program that compiles plugins: `portcullis-compile`.

use std::env;
use std::path::PathBuf;

use portcullis::engine::CompileWorker;

use crate::error::CliError;
use crate::guests;
use crate::project::Project;

/// Names the program, where it is not beside this one.
const VARIABLE: &str = "PORTCULLIS_COMPILER";

const NAME: &str = "portcullis-compile";

/// The compile worker: what the environment names, or the program beside this one. `cargo xtask` builds it first.
///
/// # Errors
/// It is not there, or cannot be built.
pub(crate) fn worker() -> Result<CompileWorker, CliError> {
    let program = match env::var_os(VARIABLE) {
        Some(program) => PathBuf::from(program),
        None => beside()?,
    };
    CompileWorker::new(program).map_err(|error| CliError::Host {
        message: error.to_string(),
        hint: Some(format!(
            "put `{NAME}` beside `portcullis`, or name it with {VARIABLE}"
        )),
    })
}

fn beside() -> Result<PathBuf, CliError> {
    // Started by `cargo run`, which has built this program only.
    if env::var_os("CARGO_MANIFEST_DIR").is_some()
        && let Ok(project) = Project::find()
    {
        build(&project)?;
    }
    let own = env::current_exe()
        .map_err(|error| CliError::host(format!("this program cannot be found: {error}")))?;
    let name = format!("{NAME}{}", env::consts::EXE_SUFFIX);
    Ok(own.with_file_name(name))
}

/// Builds it in the profile of this program. With both packages named, cargo compiles nothing a second time for other features.
fn build(project: &Project) -> Result<(), CliError> {
    let mut build = guests::cargo(project.root());
    build.args(["build", "--quiet", "--package", "portcullis-cli"]);
    build.args(["--package", "portcullis-worker", "--bin", NAME]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    crate::verb::check(build, "cargo build --package portcullis-worker")
}
