//! `build`: finished plugins, one `.wasm` file each.

use std::path::{Path, PathBuf};

use clap::Args;
use portcullis::problem::Problem;

use crate::error::CliError;
use crate::file::{read_component, read_package};
use crate::guests::{self, BuildReport, Built};
use crate::project::Project;
use crate::status::Status;
use crate::terminal::Terminal;
use crate::verb::explain::judge;

/// Build plugins and put their manifests into them
///
/// Without PATH: all guests of this repository, into target/plugins. With a crate's directory (Cargo.toml and plugin.toml): that
/// plugin, into <id>.wasm beside them. With a component from another language: the component with --manifest, into --out.
#[derive(Args)]
pub(crate) struct Options {
    /// A crate's directory, or a component's file.
    path: Option<PathBuf>,

    /// The manifest for a component's file.
    #[arg(long, value_name = "FILE", requires = "path")]
    manifest: Option<PathBuf>,

    /// Where the finished plugin goes.
    #[arg(long, value_name = "FILE", requires = "path")]
    out: Option<PathBuf>,
}

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let report = match &options.path {
        None => guests::build_all(&Project::find()?)?,
        Some(path) => {
            let built = if path.is_dir() {
                build_crate(path, options)?
            } else {
                build_component(path, options)?
            };
            judge_built(&built, terminal)?;
            BuildReport { built: vec![built] }
        }
    };
    terminal.result(&report)?;
    Ok(Status::Fine)
}

/// Compiles an author's crate and finishes it.
fn build_crate(directory: &Path, options: &Options) -> Result<Built, CliError> {
    let manifest = options
        .manifest
        .clone()
        .unwrap_or_else(|| directory.join("plugin.toml"));
    // Before the long part: a mistake in the manifest is told at once.
    let (text, id) = guests::manifest_of(&manifest)?;
    guests::ensure_target()?;
    let here = directory
        .canonicalize()
        .map_err(|error| CliError::io(directory, error))?;
    let mut artifacts = guests::compile(directory, None)?;
    artifacts.retain(|artifact| artifact.directory == here);
    let artifact = match artifacts.as_slice() {
        [artifact] => artifact,
        [] => {
            let message = format!("{} builds no component", directory.display());
            return Err(CliError::usage(
                message,
                "name a crate's directory, with `crate-type = [\"cdylib\"]` in its Cargo.toml",
            ));
        }
        several => {
            let names: Vec<_> = several
                .iter()
                .map(|artifact| artifact.name.as_str())
                .collect();
            let message = format!(
                "{} builds several components: {}",
                directory.display(),
                names.join(", ")
            );
            return Err(CliError::usage(
                message,
                "build one of them and name its .wasm file with --manifest and --out",
            ));
        }
    };
    let bytes = guests::embed(
        &artifact.component,
        &guests::read_artifact(&artifact.component)?,
        &text,
    )?;
    let out = options
        .out
        .clone()
        .unwrap_or_else(|| directory.join(format!("{id}.wasm")));
    guests::place(id.to_string(), out, &bytes)
}

/// Finishes a component that another tool has built.
fn build_component(path: &Path, options: &Options) -> Result<Built, CliError> {
    let (Some(manifest), Some(out)) = (&options.manifest, &options.out) else {
        return Err(CliError::usage(
            format!(
                "{} is a file: its manifest and the finished plugin's name are needed",
                path.display()
            ),
            "add --manifest plugin.toml --out FILE.wasm",
        ));
    };
    let (text, id) = guests::manifest_of(manifest)?;
    let component = read_component(path)?.map_err(|error| CliError::Plugin {
        path: path.to_owned(),
        problems: error.problems(),
    })?;
    let bytes = guests::embed(path, &component, &text)?;
    guests::place(id.to_string(), out.clone(), &bytes)
}

/// Tells on stderr what a host would say about the finished plugin. It is built all the same: it may be meant for another host.
fn judge_built(built: &Built, terminal: Terminal) -> Result<(), CliError> {
    let package = read_package(&built.path)?;
    let problems: Vec<Problem> = match package {
        Ok(package) => judge(&package, portcullis::SecurityLevel::default()).problems,
        Err(error) => error.problems(),
    };
    terminal.problems(&built.path, &problems);
    Ok(())
}
