//! Finding plugins in a directory, and loading several at once.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::{Host, LoadError, LoadReport, dependencies};
use crate::grant::Consent;
use crate::manifest::PluginId;
use crate::package::{Package, PackageError, ScanLimits};

/// Which plugins of a directory are taken.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// Only these; `None` for all.
    pub allow: Option<BTreeSet<PluginId>>,
    /// None of these. Wins over `allow`.
    pub deny: BTreeSet<PluginId>,
}

impl Discovery {
    /// Whether the lists let the plugin in.
    pub fn admits(&self, id: &PluginId) -> bool {
        !self.deny.contains(id) && self.allow.as_ref().is_none_or(|allow| allow.contains(id))
    }
}

/// A plugin that is to be loaded together with others.
pub struct Candidate {
    /// Where it came from, for the report.
    pub source: String,
    /// The plugin.
    pub package: Package,
    /// What the operator accepted for it.
    pub consent: Consent,
}

impl Host {
    /// Loads every `.wasm` file of a directory that the lists admit, dependencies first. What is broken is reported and skipped.
    /// Links that lead out of the directory are not followed.
    ///
    /// # Errors
    /// The directory itself cannot be read.
    pub async fn load_directory(
        &self,
        directory: &Path,
        discovery: &Discovery,
        consent: impl Fn(&Package) -> Consent,
    ) -> io::Result<LoadReport> {
        let mut refused = Vec::new();
        let mut candidates = Vec::new();
        let directory = directory.to_owned();
        // Each file may take seconds to scan.
        let read = tokio::task::spawn_blocking(move || read_directory(&directory)).await;
        for (source, package) in read.map_err(io::Error::other)?? {
            match package {
                Ok(package) if discovery.admits(&package.manifest().id) => {
                    let consent = consent(&package);
                    candidates.push(Candidate {
                        source,
                        package,
                        consent,
                    });
                }
                Ok(package) => {
                    refused.push((source, LoadError::NotAllowed(package.manifest().id.clone())))
                }
                Err(error) => refused.push((source, error)),
            }
        }
        let mut report = self.load_all(candidates).await;
        report.refused.splice(..0, refused);
        Ok(report)
    }

    /// Loads several plugins, dependencies first. What is refused is reported, and the rest is loaded.
    pub async fn load_all(&self, candidates: Vec<Candidate>) -> LoadReport {
        let mut report = LoadReport::default();
        let mut by_id = BTreeMap::<PluginId, Candidate>::new();
        for candidate in candidates {
            let id = candidate.package.manifest().id.clone();
            if let Some(first) = by_id.get(&id) {
                let first = first.source.clone();
                report
                    .refused
                    .push((candidate.source, LoadError::Duplicate { id, first }));
            } else {
                by_id.insert(id, candidate);
            }
        }
        let needs = by_id
            .iter()
            .map(|(id, candidate)| (id, &candidate.package.manifest().dependencies))
            .collect();
        let (order, circles) = dependencies::order(&needs);
        let mut lost: BTreeSet<PluginId> = circles.keys().cloned().collect();
        for (id, error) in circles {
            if let Some(candidate) = by_id.remove(&id) {
                report.refused.push((candidate.source, error.into()));
            }
        }
        for id in order {
            let Some(candidate) = by_id.remove(&id) else {
                continue;
            };
            match self
                .load_with(candidate.package, &candidate.consent, &lost)
                .await
            {
                Ok(_) => report.loaded.push(id),
                Err(error) => {
                    report.refused.push((candidate.source, error));
                    lost.insert(id);
                }
            }
        }
        report
    }
}

/// The `.wasm` files of a directory, by name.
fn read_directory(directory: &Path) -> io::Result<Vec<(String, Result<Package, LoadError>)>> {
    let directory = Dir::open_ambient_dir(directory, ambient_authority())?;
    let mut names = Vec::new();
    for entry in directory.entries()? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".wasm") {
            names.push(name);
        }
    }
    names.sort();
    let read = |name: String| {
        let package = read_package(&directory, &name);
        (name, package)
    };
    Ok(names.into_iter().map(read).collect())
}

fn read_package(directory: &Dir, name: &str) -> Result<Package, LoadError> {
    let metadata = directory.metadata(name).map_err(LoadError::Read)?;
    // Reading a pipe would wait for whoever writes into it.
    if !metadata.is_file() {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
        return Err(LoadError::Read(error));
    }
    let size = metadata.len();
    if size > ScanLimits::PACKAGE_BYTES as u64 {
        return Err(PackageError::TooLarge {
            bytes: size,
            limit: ScanLimits::PACKAGE_BYTES as u64,
        }
        .into());
    }
    let bytes = directory.read(name).map_err(LoadError::Read)?;
    Ok(Package::parse(bytes)?)
}
