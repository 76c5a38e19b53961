//! Plain programs: components with a `main` and without a manifest.

use std::path::Path;
use std::sync::Arc;

use portcullis::package::{InterfaceName, PackageError, Scan};
use portcullis::problem::Problem;
use portcullis::{Extension, Package};

use crate::error::CliError;
use crate::file::read_component;

/// What a file was read as.
pub(super) enum Loaded {
    /// A plugin, or a program made into one.
    Package(Package),
    /// Neither; why.
    Refused(Vec<Problem>),
}

/// Reads a plugin; with `takes_programs`, also a program, which gets the least manifest that there can be: an id, and no permission.
///
/// # Errors
/// The file cannot be read.
pub(super) fn read(path: &Path, takes_programs: bool) -> Result<Loaded, CliError> {
    Ok(
        match read_component(path)?.and_then(|bytes| parse(path, bytes, takes_programs)) {
            Ok(package) => Loaded::Package(package),
            Err(error) => Loaded::Refused(error.problems()),
        },
    )
}

fn parse(path: &Path, bytes: Vec<u8>, takes_programs: bool) -> Result<Package, PackageError> {
    let bytes: Arc<[u8]> = bytes.into();
    match Package::parse(bytes.clone()) {
        Err(PackageError::ManifestMissing) if takes_programs && is_program(&bytes) => {
            Package::parse(Package::embed(&bytes, &manifest(path))?)
        }
        parsed => parsed,
    }
}

fn is_program(component: &[u8]) -> bool {
    let main = portcullis::extension::run::Run::DESCRIPTOR.export;
    let is_main =
        |name: &str| InterfaceName::parse(name).is_some_and(|name| name.interface == main);
    Scan::of(component).is_ok_and(|scan| scan.exports.iter().any(|export| is_main(&export.name)))
}

/// A manifest that asks for nothing, with an id made from the file's name.
fn manifest(path: &Path) -> String {
    let id = id_of(&path.file_stem().unwrap_or_default().to_string_lossy());
    format!("[plugin]\nid = \"{id}\"\nname = \"{id}\"\nversion = \"0.0.0\"\n")
}

fn id_of(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let id: String = name
        .chars()
        .map(plain)
        .skip_while(|c| *c == '-')
        .take(63)
        .collect();
    if id.len() < 2 {
        "program".to_owned()
    } else {
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis::PluginId;

    #[test]
    fn every_file_name_gives_an_id() {
        let long = "x".repeat(300);
        for name in [
            "hello",
            "Hello World",
            "--",
            "",
            "a",
            "ünïcode.v2",
            long.as_str(),
        ] {
            let id = id_of(name);
            assert!(id.parse::<PluginId>().is_ok(), "{name:?} became {id:?}");
        }
        assert_eq!(id_of("Hello World"), "hello-world");
    }
}
