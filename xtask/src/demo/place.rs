//! Where the demo's worlds last.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use portcullis_state::Store;

use super::{DemoError, Options};

/// Opens the state, in a directory that is made if it is not there.
pub(super) fn open(file: &Path) -> Result<Store, DemoError> {
    if let Some(directory) = file.parent() {
        // If it cannot be made, opening says so.
        let _made = fs::create_dir_all(directory);
    }
    Ok(Store::open(file, Default::default())?)
}

/// Removes what earlier runs left: the state, what SQLite keeps beside it, and the receipts.
pub(super) fn clear(options: &Options) -> Result<(), DemoError> {
    let beside = |suffix: &str| {
        let mut name = options.state.clone().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    };
    let files = [
        options.state.clone(),
        beside("-wal"),
        beside("-shm"),
        options.receipts.clone(),
    ];
    for path in files {
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(DemoError::Remove { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}
