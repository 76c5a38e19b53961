//! The custom section that holds the manifest.

use wasmparser::BinaryReader;

use super::{Package, PackageError, ScanLimits};
use crate::manifest::Manifest;

/// The manifest sections of a component.
#[derive(Default)]
pub(super) struct Manifests<'a> {
    /// The contents of those at the top level.
    top: Vec<&'a [u8]>,
    /// Whether a nested module or component has one.
    nested: bool,
}

impl<'a> Manifests<'a> {
    /// Notes a manifest section.
    pub(super) fn add(&mut self, data: &'a [u8], nested: bool) {
        if nested {
            self.nested = true;
        } else {
            self.top.push(data);
        }
    }
}

/// The text of the only manifest.
pub(super) fn manifest_text<'a>(found: &Manifests<'a>) -> Result<&'a str, PackageError> {
    if found.nested {
        return Err(PackageError::ManifestNested);
    }
    let data = match found.top.as_slice() {
        [] => return Err(PackageError::ManifestMissing),
        [data] => *data,
        several => {
            let count = several.len();
            return Err(PackageError::ManifestDuplicate { count });
        }
    };
    if data.len() > Manifest::MAX_BYTES {
        return Err(PackageError::manifest_too_large(data.len()));
    }
    std::str::from_utf8(data).map_err(|error| {
        let offset = error.valid_up_to();
        PackageError::ManifestNotUtf8 { offset }
    })
}

/// The component with this manifest as its only one. The component was walked.
pub(super) fn embed(
    component: &[u8],
    found: &Manifests<'_>,
    manifest: &str,
) -> Result<Vec<u8>, PackageError> {
    if found.nested {
        return Err(PackageError::ManifestNested);
    }
    let mut embedded = Vec::with_capacity(component.len() + manifest.len() + 32);
    copy_others(component, &mut embedded).map_err(|error| PackageError::malformed(&error))?;
    append(&mut embedded, manifest.as_bytes());
    let (bytes, limit) = (embedded.len() as u64, ScanLimits::PACKAGE_BYTES as u64);
    if bytes > limit {
        return Err(PackageError::TooLarge { bytes, limit });
    }
    Ok(embedded)
}

/// Copies the header and every top-level section but manifests.
fn copy_others(component: &[u8], copy: &mut Vec<u8>) -> Result<(), wasmparser::Error> {
    let mut reader = BinaryReader::new(component, 0);
    copy.extend(reader.read_bytes(8)?);
    while !reader.eof() {
        let start = reader.current_position();
        let id = reader.read_u8()?;
        let body = reader.read_reader()?;
        if id == 0 && is_manifest(body) {
            continue;
        }
        let end = reader.current_position();
        copy.extend(component.get(start..end).unwrap_or_default());
    }
    Ok(())
}

fn is_manifest(mut body: BinaryReader<'_>) -> bool {
    body.read_string()
        .is_ok_and(|name| name == Package::MANIFEST_SECTION)
}

fn append(component: &mut Vec<u8>, manifest: &[u8]) {
    let name = Package::MANIFEST_SECTION.as_bytes();
    let mut body = Vec::with_capacity(manifest.len() + name.len() + 5);
    leb128(&mut body, name.len());
    body.extend(name);
    body.extend(manifest);
    component.push(0);
    leb128(component, body.len());
    component.extend(body);
}

/// An unsigned number as WebAssembly writes it.
fn leb128(bytes: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}
