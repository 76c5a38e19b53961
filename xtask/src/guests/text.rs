//! Guests of the tests that stand in WebAssembly text.

use std::fs;
use std::path::Path;

use portcullis::Package;

use super::manifest_of;
use crate::error::CliError;

/// Assembles every `NAME.wat` of a directory and puts `NAME.plugin.toml` into it; by name.
///
/// # Errors
/// A file cannot be read or assembled, or a manifest has problems.
pub(super) fn assemble(directory: &Path) -> Result<Vec<(String, Vec<u8>)>, CliError> {
    let io = |source| CliError::Io {
        path: directory.to_owned(),
        source,
    };
    let mut guests = Vec::new();
    for entry in fs::read_dir(directory).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.extension().is_none_or(|end| end != "wat") {
            continue;
        }
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let component =
            wat::parse_file(&path).map_err(|error| CliError::host(error.to_string()))?;
        let manifest = path.with_extension("plugin.toml");
        let (manifest, _) = manifest_of(&manifest)?;
        guests.push((name, finish(component, &manifest)));
    }
    guests.sort();
    Ok(guests)
}

/// Some of these guests are refused by the scan that embedding begins with: that is what they are for, and they get their section all
/// the same.
fn finish(component: Vec<u8>, manifest: &str) -> Vec<u8> {
    Package::embed(&component, manifest).unwrap_or_else(|_| with_section(component, manifest))
}

/// A custom section at the end of the component.
fn with_section(mut component: Vec<u8>, manifest: &str) -> Vec<u8> {
    let name = Package::MANIFEST_SECTION;
    let mut body = Vec::new();
    leb128(&mut body, name.len());
    body.extend(name.as_bytes());
    body.extend(manifest.as_bytes());
    component.push(0);
    leb128(&mut component, body.len());
    component.extend(body);
    component
}

/// An unsigned number as WebAssembly writes it.
fn leb128(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
