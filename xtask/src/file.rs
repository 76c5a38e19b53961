//! Reading files that nobody vouches for: their kind and size are looked at before a byte is read.

use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::Path;

use portcullis::package::{PackageError, ScanLimits};
use portcullis::{Manifest, Package};

use crate::error::CliError;

/// What a file that was handed in is read as.
#[derive(Debug)]
pub(crate) enum Content<T> {
    /// It could be read.
    Read(T),
    /// It has more bytes than such a file may have, and was not read.
    TooLarge {
        /// Its bytes.
        bytes: u64,
    },
}

/// The bytes of a package. At most one copy of them is held, and none of a file that is too large.
///
/// # Errors
/// There is no regular file at the path, or it cannot be read.
pub(crate) fn read_component(path: &Path) -> Result<Result<Vec<u8>, PackageError>, CliError> {
    let limit = ScanLimits::PACKAGE_BYTES as u64;
    Ok(match read(path, limit)? {
        Content::Read(bytes) => Ok(bytes),
        Content::TooLarge { bytes } => Err(PackageError::TooLarge { bytes, limit }),
    })
}

/// The package in a file.
///
/// # Errors
/// The file cannot be read; inside: its bytes are no package.
pub(crate) fn read_package(path: &Path) -> Result<Result<Package, PackageError>, CliError> {
    Ok(read_component(path)?.and_then(Package::parse))
}

/// The text of a manifest.
///
/// # Errors
/// The file cannot be read; inside: it is too large, or not text.
pub(crate) fn read_manifest(path: &Path) -> Result<Result<String, PackageError>, CliError> {
    let limit = Manifest::MAX_BYTES;
    Ok(match read(path, limit as u64)? {
        Content::TooLarge { bytes } => Err(PackageError::ManifestTooLarge {
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            limit,
        }),
        Content::Read(bytes) => {
            String::from_utf8(bytes).map_err(|error| PackageError::ManifestNotUtf8 {
                offset: error.utf8_error().valid_up_to(),
            })
        }
    })
}

/// The bytes of a regular file, unless it has more than `limit`.
///
/// # Errors
/// There is no regular file at the path, or it cannot be read.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Content<Vec<u8>>, CliError> {
    // Looked at before it is opened: opening a FIFO waits for a writer.
    let metadata = fs::metadata(path).map_err(|error| CliError::io(path, error))?;
    check_kind(path, &metadata)?;
    let bytes = metadata.len();
    if bytes > limit {
        return Ok(Content::TooLarge { bytes });
    }
    let file = File::open(path).map_err(|error| CliError::io(path, error))?;
    let mut content = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    // One byte more than the limit, to see a file that has grown since.
    file.take(limit + 1)
        .read_to_end(&mut content)
        .map_err(|error| CliError::io(path, error))?;
    let bytes = content.len() as u64;
    Ok(if bytes > limit {
        Content::TooLarge { bytes }
    } else {
        Content::Read(content)
    })
}

fn check_kind(path: &Path, metadata: &Metadata) -> Result<(), CliError> {
    let why = match metadata.file_type() {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => "it is a directory; name a file in it",
        _ => "it is not a regular file",
    };
    Err(CliError::File {
        path: path.to_owned(),
        why: why.to_owned(),
    })
}

/// Writes a file in one step, so that no reader sees half of it; false if it already has these bytes.
///
/// # Errors
/// The directory cannot be made or the file not be written.
pub(crate) fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool, CliError> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    let io = |source| CliError::Io {
        path: path.to_owned(),
        source,
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(io)?;
    }
    let draft = path.with_file_name(format!(".{name}.{}.draft", std::process::id()));
    let written = fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // The error is about the file itself; a draft that stays behind is the lesser evil.
        let _left_behind = fs::remove_file(&draft);
    }
    written.map_err(io)?;
    Ok(true)
}
