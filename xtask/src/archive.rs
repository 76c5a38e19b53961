//! The state of a host, to look at.

use std::io::ErrorKind;
use std::path::PathBuf;

use clap::Args;
use portcullis_state::{Archive, OpenError, Options, ReadError, Store, TransactError};

use crate::error::CliError;

/// Where a host's state is.
#[derive(Args, Clone, Debug)]
pub(crate) struct Place {
    /// The file of the state; the demo's where none is given.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "target/demo/state.db",
        global = true
    )]
    pub(crate) state: PathBuf,
}

impl Place {
    /// Opens the state for reading. A host may run on it meanwhile.
    ///
    /// # Errors
    /// It is not there, or it is no state.
    pub(crate) fn open(&self) -> Result<Archive, CliError> {
        self.must_exist()?;
        Archive::open(&self.state).map_err(unopened)
    }

    /// Opens the state for changes. No host may run on it.
    ///
    /// # Errors
    /// It is not there, it is no state, or a host runs on it.
    pub(crate) fn store(&self) -> Result<Store, CliError> {
        self.must_exist()?;
        Store::open(&self.state, Options::keep_everything()).map_err(unopened)
    }

    /// Opens the state for changes, and makes it if it is not there.
    ///
    /// # Errors
    /// It is no state, or a host runs on it.
    pub(crate) fn store_or_new(&self) -> Result<Store, CliError> {
        Store::open(&self.state, Options::keep_everything()).map_err(unopened)
    }

    /// A name that is not there is a mistake in the command line and makes no new state.
    fn must_exist(&self) -> Result<(), CliError> {
        std::fs::metadata(&self.state)
            .map(drop)
            .map_err(|error| CliError::io(&self.state, error))
    }
}

/// A file that is no state is the user's mistake; a disk that fails is not.
pub(crate) fn is_usage(error: &OpenError) -> bool {
    match error {
        OpenError::Io { source, .. } => matches!(
            source.kind(),
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory
        ),
        OpenError::Sqlite { .. } => false,
        _ => true,
    }
}

fn unopened(error: OpenError) -> CliError {
    let message = error.to_string();
    match is_usage(&error) {
        true => CliError::Usage {
            message,
            hint: None,
        },
        false => CliError::host(message),
    }
}

/// The state has no such world.
pub(crate) fn no_world<'a>(name: &str, worlds: impl IntoIterator<Item = &'a str>) -> CliError {
    let names: Vec<_> = worlds.into_iter().collect();
    CliError::usage(
        format!("the state has no world `{name}`"),
        format!("it has {}", names.join(", ")),
    )
}

/// A change that was not made; `why` words what the closure refused.
pub(crate) fn refused<E>(
    why: impl FnOnce(E) -> CliError,
) -> impl FnOnce(TransactError<E>) -> CliError {
    move |error| match error {
        TransactError::Refused(refusal) => why(refusal),
        TransactError::Invalid(invalid) => CliError::Usage {
            message: invalid.to_string(),
            hint: None,
        },
        TransactError::Failed => CliError::host("the state could not be changed"),
    }
}

/// The file opened, and does not go on.
pub(crate) fn failed(error: ReadError) -> CliError {
    CliError::host(error.to_string())
}
