//! Building guests: from a crate, or from WebAssembly text, to a finished plugin, one `.wasm` file with its manifest in it.

mod compile;
mod finish;
mod target;
mod text;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub(crate) use compile::{Artifact, cargo, compile};
pub(crate) use finish::{embed, manifest_of};
pub(crate) use target::ensure_target;

use crate::error::CliError;
use crate::file::write_if_changed;
use crate::project::Project;

/// A finished plugin.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Built {
    /// Its name: the id of a plugin, the crate's name of anything else.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its size in bytes.
    pub(crate) bytes: usize,
    /// Whether it differs from what was there before.
    pub(crate) changed: bool,
}

/// All that was built.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct BuildReport {
    /// The finished plugins.
    pub(crate) built: Vec<Built>,
}

impl fmt::Display for BuildReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for built in &self.built {
            let state = if built.changed { "" } else { ", unchanged" };
            writeln!(
                f,
                "{} ({} KiB{state})",
                built.path.display(),
                built.bytes.div_ceil(1024)
            )?;
        }
        Ok(())
    }
}

/// Writes a finished plugin.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn place(
    name: impl Into<String>,
    path: PathBuf,
    bytes: &[u8],
) -> Result<Built, CliError> {
    let changed = write_if_changed(&path, bytes)?;
    Ok(Built {
        name: name.into(),
        path,
        bytes: bytes.len(),
        changed,
    })
}

/// Builds every guest of this repository: examples to `target/plugins/<id>.wasm`, those of the tests to `target/plugins/tests/<name>.wasm`.
///
/// # Errors
/// A guest does not compile, or its manifest is wrong.
pub(crate) fn build_all(project: &Project) -> Result<BuildReport, CliError> {
    ensure_target()?;
    let [examples, tests] = project.guests();
    let mut report = BuildReport::default();
    for artifact in compile(&examples, Some(&project.guest_target()))? {
        let (bytes, id) = finish_crate(&artifact)?;
        report.built.push(place(
            &id,
            project.plugins().join(format!("{id}.wasm")),
            &bytes,
        )?);
    }
    let finished = project.plugins().join("tests");
    for artifact in compile(&tests, Some(&project.guest_target()))? {
        let (bytes, _) = finish_crate(&artifact)?;
        report.built.push(place(
            &artifact.name,
            finished.join(format!("{}.wasm", artifact.name)),
            &bytes,
        )?);
    }
    for (name, bytes) in text::assemble(&tests.join("wat"))? {
        report
            .built
            .push(place(&name, finished.join(format!("{name}.wasm")), &bytes)?);
    }
    Ok(report)
}

/// The component of a crate with the manifest beside its `Cargo.toml`, and the plugin's id. A crate without a manifest is a plain
/// program: it stays as it is, and its id is the crate's name.
fn finish_crate(artifact: &Artifact) -> Result<(Vec<u8>, String), CliError> {
    let component = read_artifact(&artifact.component)?;
    let manifest = artifact.directory.join("plugin.toml");
    if !manifest.exists() {
        return Ok((component, artifact.name.clone()));
    }
    let (text, id) = manifest_of(&manifest)?;
    Ok((
        embed(&artifact.component, &component, &text)?,
        id.to_string(),
    ))
}

/// What the compiler wrote.
pub(crate) fn read_artifact(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|source| CliError::Io {
        path: path.to_owned(),
        source,
    })
}
