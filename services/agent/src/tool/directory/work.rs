//! Reading and listing files.

use std::io::{self, Read};
use std::path::Path;

use cap_std::fs::Dir;

use super::cancel::Cancel;
use crate::tool::ToolError;

/// The longest file that is read or written. What the model sees of it is cut further: see [`Bounds`](crate::Bounds).
pub(super) const FILE_BYTES: u64 = 256 * 1024;

/// How many files are listed.
const LISTED: usize = 500;

/// How many entries are looked at, of whatever kind: a directory may have any number of directories that have no files.
const VISITED: usize = 10_000;

/// How deep directories are listed: directories may be nested without end.
const DEPTH: usize = 16;

/// What went wrong with a path, without anything of the machine.
pub(super) fn failed(path: &str, error: &io::Error) -> ToolError {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or directory",
        io::ErrorKind::PermissionDenied => {
            "it may not be opened: paths stay below the working directory, without `..` at their beginning"
        }
        io::ErrorKind::IsADirectory => "it is a directory",
        io::ErrorKind::NotADirectory => "it is no directory",
        io::ErrorKind::InvalidData => "it holds something else than text",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "there is no room left",
        _ => "it cannot be used",
    };
    tracing::debug!(path, %error, "a tool failed");
    ToolError::new(format!("{path}: {why}"))
}

pub(super) fn read(directory: &Dir, path: &str, cancel: &Cancel) -> Result<String, ToolError> {
    let fail = |error: io::Error| failed(path, &error);
    let metadata = directory.metadata(path).map_err(fail)?;
    if metadata.is_dir() {
        return Err(fail(io::ErrorKind::IsADirectory.into()));
    }
    // Reading a pipe would wait for whoever writes into it.
    if !metadata.is_file() {
        return Err(ToolError::new(format!("{path}: it is no regular file")));
    }
    cancel.check()?;
    let file = directory.open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    // One byte more tells that there is more; the size may have changed since it was looked up.
    file.take(FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(fail)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(ToolError::new(format!(
            "{path}: it has more than {FILE_BYTES} bytes"
        )));
    }
    String::from_utf8(bytes).map_err(|_| fail(io::ErrorKind::InvalidData.into()))
}

pub(super) fn list(directory: &Dir, path: &str, cancel: &Cancel) -> Result<String, ToolError> {
    let root = directory
        .open_dir(path)
        .map_err(|error| failed(path, &error))?;
    let mut listing = Listing::new(VISITED, cancel);
    listing.walk(&root, Path::new(""), DEPTH)?;
    let (mut lines, is_whole) = (listing.lines, listing.is_whole);
    lines.sort();
    if !is_whole {
        lines.push(format!(
            "[there is more: at most {LISTED} files of {VISITED} entries are listed, {DEPTH} directories deep]"
        ));
    }
    match lines.is_empty() {
        true => Ok("there are no files".to_owned()),
        false => Ok(lines.join("\n")),
    }
}

/// A listing that is being made.
struct Listing<'a> {
    lines: Vec<String>,
    /// How many entries may still be looked at.
    left: usize,
    is_whole: bool,
    cancel: &'a Cancel,
}

impl<'a> Listing<'a> {
    fn new(left: usize, cancel: &'a Cancel) -> Self {
        Self {
            lines: Vec::new(),
            left,
            is_whole: true,
            cancel,
        }
    }

    /// Lists what is below. Links are not followed, and what cannot be read is passed over.
    fn walk(&mut self, directory: &Dir, at: &Path, depth: usize) -> Result<(), ToolError> {
        let Ok(entries) = directory.entries() else {
            return Ok(());
        };
        for entry in entries {
            self.cancel.check()?;
            if self.lines.len() >= LISTED || self.left == 0 {
                self.is_whole = false;
                return Ok(());
            }
            self.left -= 1;
            let Ok(entry) = entry else {
                continue;
            };
            let path = at.join(entry.file_name());
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_file() {
                let size = entry.metadata().map_or(0, |metadata| metadata.len());
                self.lines.push(format!("{} ({size})", path.display()));
            } else if kind.is_dir() {
                match (depth.checked_sub(1), entry.open_dir()) {
                    (Some(depth), Ok(below)) => self.walk(&below, &path, depth)?,
                    (None, _) => self.is_whole = false,
                    (_, Err(_)) => {}
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use cap_std::ambient_authority;

    #[test]
    fn directories_without_files_count_too() {
        let place = tempfile::tempdir().unwrap();
        for name in ["a/b/c", "d/e", "f"] {
            std::fs::create_dir_all(place.path().join(name)).unwrap();
        }
        let directory = Dir::open_ambient_dir(place.path(), ambient_authority()).unwrap();
        let (cancel, _waits) = Cancel::pair();
        for (most, is_whole) in [(6, true), (5, false)] {
            let mut listing = Listing::new(most, &cancel);
            listing.walk(&directory, Path::new(""), DEPTH).unwrap();
            assert_eq!((listing.left, listing.is_whole), (0, is_whole));
        }
    }
}
