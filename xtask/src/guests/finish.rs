//! Putting the manifest into a component.

use std::path::Path;

use portcullis::package::PackageError;
use portcullis::{Manifest, Package, PluginId};

use crate::error::CliError;
use crate::file::read_manifest;

/// The text of a manifest file and the id in it. Problems carry the file's own name.
///
/// # Errors
/// The file cannot be read, or the manifest has problems.
pub(crate) fn manifest_of(path: &Path) -> Result<(String, PluginId), CliError> {
    let wrong = |error: &PackageError| CliError::Plugin {
        path: path.to_owned(),
        problems: error.problems(),
    };
    let text = read_manifest(path)?.map_err(|error| wrong(&error))?;
    let manifest =
        Manifest::parse(Package::MANIFEST_FILE, &text).map_err(|error| wrong(&error.into()))?;
    Ok((text, manifest.id))
}

/// The component with the manifest in it.
///
/// # Errors
/// The bytes are no component that a host would take.
pub(crate) fn embed(path: &Path, component: &[u8], manifest: &str) -> Result<Vec<u8>, CliError> {
    Package::embed(component, manifest).map_err(|error| CliError::Plugin {
        path: path.to_owned(),
        problems: error.problems(),
    })
}
