//! Bytes that claim to be a plugin: what they are, what they declare, and whether they may be looked at further.
//!
//! [`Package::parse`] is the only way in. It measures the bytes before it validates them, so that no input, however
//! hostile, takes more than a few seconds or a few hundred MiB; nothing is compiled or instantiated here.

mod cost;
mod digest;
mod error;
mod imports;
mod limits;
mod module;
mod scan;
mod section;
mod space;
#[cfg(test)]
mod tests;
mod validate;
mod walk;
mod weigh;

use std::fmt;
use std::sync::Arc;

use crate::manifest::Manifest;

pub use digest::{Digest, DigestError};
pub use error::PackageError;
pub(crate) use error::visible;
pub use imports::{Export, ExportKind, Import, ImportKind, InterfaceName};
pub use limits::ScanLimits;
pub use scan::{Counts, Scan};

/// A plugin that was scanned: a valid component within the limits, with one valid manifest. Cheap to clone.
#[derive(Clone)]
pub struct Package {
    bytes: Arc<[u8]>,
    parts: Arc<Parts>,
}

struct Parts {
    digest: Digest,
    manifest: Manifest,
    scan: Scan,
}

/// Bytes that are no package, and what is known of them all the same.
#[derive(Debug)]
pub struct Rejected {
    /// Why.
    pub error: PackageError,
    /// What the component declares, if only its manifest is at fault.
    pub scan: Option<Box<Scan>>,
}

impl Package {
    /// The custom section of the component that holds the manifest's text.
    pub const MANIFEST_SECTION: &'static str = "portcullis:manifest";

    /// The name that a manifest's problems carry.
    pub const MANIFEST_FILE: &'static str = "plugin.toml";

    /// Reads a package. It answers within seconds and a few hundred MiB on any input.
    ///
    /// # Errors
    /// The bytes are no component, break a limit of [`ScanLimits`], use what no host here runs, or do not have exactly
    /// one valid manifest, at the top level.
    pub fn parse(bytes: impl Into<Arc<[u8]>>) -> Result<Self, PackageError> {
        Self::inspect(bytes).map_err(|rejected| rejected.error)
    }

    /// Like [`Package::parse`], for whoever wants to know what a component declares even if its manifest is no good.
    ///
    /// # Errors
    /// As [`Package::parse`], with the scan if the component itself is sound.
    pub fn inspect(bytes: impl Into<Arc<[u8]>>) -> Result<Self, Rejected> {
        let bytes = bytes.into();
        let unsound = |error| Rejected { error, scan: None };
        scan::check_kind(&bytes).map_err(unsound)?;
        let found = scan::read(&bytes).map_err(unsound)?;
        let manifest = section::manifest_text(&found.manifests)
            .and_then(|text| Ok(Manifest::parse(Self::MANIFEST_FILE, text)?));
        let digest = Digest::of(&bytes);
        match manifest {
            Ok(manifest) => {
                let scan = found.scan;
                let parts = Arc::new(Parts {
                    digest,
                    manifest,
                    scan,
                });
                Ok(Self { bytes, parts })
            }
            Err(error) => {
                let scan = Some(Box::new(found.scan));
                Err(Rejected { error, scan })
            }
        }
    }

    /// The component as it was handed in.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The SHA-256 of the bytes.
    pub fn digest(&self) -> Digest {
        self.parts.digest
    }

    /// What the plugin says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.parts.manifest
    }

    /// What the component declares.
    pub fn scan(&self) -> &Scan {
        &self.parts.scan
    }

    /// Puts a manifest into a component, in place of the one that it may have.
    ///
    /// # Errors
    /// The manifest has problems, or the bytes are no component within the limits; a nested manifest is refused, as
    /// [`Package::parse`] would refuse the result.
    pub fn embed(component: &[u8], manifest_text: &str) -> Result<Vec<u8>, PackageError> {
        scan::check_kind(component)?;
        Manifest::parse(Self::MANIFEST_FILE, manifest_text)?;
        let found = scan::read(component)?;
        section::embed(component, &found.manifests, manifest_text)
    }
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Package")
            .field("id", &self.parts.manifest.id)
            .field("digest", &self.parts.digest)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
