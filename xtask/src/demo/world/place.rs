//! Where the demo's worlds last.

use std::fs;
use std::io;
use std::path::Path;

use portcullis_state::Store;

use super::{DemoError, Options};

/// Opens the state, in a directory that is made if it is not there.
pub(super) fn open(file: &Path) -> Result<Store, DemoError> {
    make_directory(file);
    Ok(Store::open(file, Default::default())?)
}

/// Removes what earlier runs left: the state, unless a demo runs on it, and the receipts.
pub(super) fn clear(options: &Options) -> Result<(), DemoError> {
    make_directory(&options.state);
    Store::remove(&options.state)?;
    match fs::remove_file(&options.receipts) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(DemoError::Remove {
            path: options.receipts.clone(),
            source,
        }),
        _ => Ok(()),
    }
}

/// If it cannot be made, whoever opens the file says so.
fn make_directory(file: &Path) {
    if let Some(directory) = file.parent() {
        let _made = fs::create_dir_all(directory);
    }
}
