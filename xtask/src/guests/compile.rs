//! Running cargo for guests.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::target::TARGET;
use crate::error::CliError;

/// What cargo made of one guest's crate.
#[derive(Clone, Debug)]
pub(crate) struct Artifact {
    /// The crate's name.
    pub(crate) name: String,
    /// The directory of its `Cargo.toml`.
    pub(crate) directory: PathBuf,
    /// The component.
    pub(crate) component: PathBuf,
}

/// A line of cargo's messages, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// Variables that are meant for the host's build, and would break or change a guest's.
const HOST_ONLY: [&str; 4] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
];

/// A cargo command in the directory of guests.
pub(crate) fn cargo(directory: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(directory);
    for variable in HOST_ONLY {
        cargo.env_remove(variable);
    }
    cargo
}

/// Compiles the crate or the workspace in a directory; gives its components, in the order of their names. Cargo's progress goes to stderr.
///
/// # Errors
/// Cargo cannot be started, or says that something does not compile.
pub(crate) fn compile(directory: &Path, target: Option<&Path>) -> Result<Vec<Artifact>, CliError> {
    let mut cargo = cargo(directory);
    cargo.args([
        "build",
        "--release",
        "--target",
        TARGET,
        "--message-format=json-render-diagnostics",
    ]);
    if directory.join("Cargo.lock").exists() {
        cargo.arg("--locked");
    }
    if let Some(target) = target {
        cargo.env("CARGO_TARGET_DIR", target);
    }
    let start = |source| CliError::Start {
        program: "cargo".to_owned(),
        source,
        hint: "install Rust from https://rustup.rs",
    };
    let mut child = cargo
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(start)?;
    let mut artifacts: Vec<Artifact> = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            artifacts.extend(line.map(|line| artifact(&line)).map_err(start)?);
        }
    }
    let status = child.wait().map_err(start)?;
    if !status.success() {
        return Err(CliError::Child {
            program: format!("cargo build in {}", directory.display()),
            code: Some(1),
        });
    }
    artifacts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(artifacts)
}

/// The component that a message tells of, if it tells of one.
fn artifact(line: &str) -> Option<Artifact> {
    let message: Message = serde_json::from_str(line).ok()?;
    let target = message.target?;
    let is_guest = target
        .kind
        .iter()
        .any(|kind| kind == "cdylib" || kind == "bin");
    if message.reason != "compiler-artifact" || !is_guest {
        return None;
    }
    let component = message
        .filenames
        .into_iter()
        .find(|file| file.extension().is_some_and(|end| end == "wasm"))?;
    let directory = message.manifest_path?.parent()?.to_owned();
    // The name of a library's target has underscores where its crate's has hyphens.
    let name = target.name.replace('_', "-");
    Some(Artifact {
        name,
        directory,
        component,
    })
}
