//! Writing files.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, OpenOptions, Permissions};
use data_encoding::HEXLOWER;

use super::cancel::Cancel;
use super::work::{FILE_BYTES, failed};
use crate::tool::ToolError;

pub(super) fn write(
    directory: &Dir,
    path: &str,
    text: &str,
    cancel: &Cancel,
) -> Result<String, ToolError> {
    let fail = |error: io::Error| failed(path, &error);
    if text.len() as u64 > FILE_BYTES {
        return Err(ToolError::new(format!(
            "the text has more than {FILE_BYTES} bytes"
        )));
    }
    let at = Path::new(path);
    if at.file_name().is_none() {
        return Err(ToolError::new(format!("{path}: it names no file")));
    }
    cancel.check()?;
    if let Some(parent) = at.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        directory.create_dir_all(parent).map_err(fail)?;
    }
    let there = directory.metadata(path).ok();
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        return Err(ToolError::new(format!("{path}: it is no regular file")));
    }
    let beside = beside(at).map_err(fail)?;
    let permissions = there.map(|there| there.permissions());
    let placed = fill(directory, &beside, text, permissions)
        .map_err(fail)
        .and_then(|()| cancel.check())
        .and_then(|()| directory.rename(&beside, directory, at).map_err(fail));
    if placed.is_err() {
        // Should this fail too, a file with a strange name is left, and nothing else has changed.
        let _removed = directory.remove_file(&beside);
    }
    placed.map(|()| format!("{} bytes were written to {path}", text.len()))
}

/// The path of a new file beside another, to be renamed to it: whoever reads that one meanwhile, or after a crash, finds the old text or
/// the new one. Nobody can know its name before.
fn beside(at: &Path) -> io::Result<PathBuf> {
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(at.with_file_name(format!(".{}.new", HEXLOWER.encode(&bytes))))
}

/// Makes a file, which must not be there yet. It may be used as the one that it is for.
fn fill(
    directory: &Dir,
    path: &Path,
    text: &str,
    permissions: Option<Permissions>,
) -> io::Result<()> {
    let mut file = directory.open_with(path, OpenOptions::new().write(true).create_new(true))?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    file.write_all(text.as_bytes())
}
