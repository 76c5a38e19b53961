//! Reading the finished plugins of a demo.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use portcullis::host::Candidate;
use portcullis::package::PackageError;
use portcullis::{Consent, Package};

/// Why a plugin's file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PluginError {
    /// It cannot be read.
    #[error("{}: {source}; build the plugins with `cargo xtask build`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no plugin.
    #[error("{}: {source}; build the plugins anew with `cargo xtask build`", path.display())]
    Package {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PackageError,
    },
}

/// A plugin that is accepted as it is, under the manifest in its file or under this one.
pub(super) fn candidate(path: &Path, manifest: Option<&str>) -> Result<Candidate, PluginError> {
    let mut bytes = fs::read(path).map_err(|source| PluginError::Read {
        path: path.to_owned(),
        source,
    })?;
    let wrong = |source| PluginError::Package {
        path: path.to_owned(),
        source,
    };
    if let Some(manifest) = manifest {
        bytes = Package::embed(&bytes, manifest).map_err(wrong)?;
    }
    let package = Package::parse(bytes).map_err(wrong)?;
    Ok(Candidate {
        source: package.manifest().id.to_string(),
        package,
        consent: Consent::Everything,
    })
}
