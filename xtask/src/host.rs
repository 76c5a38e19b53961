//! The threads that calls run on.

use std::future::Future;

use crate::error::CliError;

/// Runs a future on threads made for it.
///
/// # Errors
/// The system has no threads left.
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime =
        runtime.map_err(|error| CliError::host(format!("no threads to run on: {error}")))?;
    Ok(runtime.block_on(future))
}
