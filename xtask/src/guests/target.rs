//! The compiler's target for components.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::error::CliError;

/// What guests are compiled for.
pub(crate) const TARGET: &str = "wasm32-wasip2";

const NO_RUSTUP: &str = "install rustup from https://rustup.rs, or the wasm32-wasip2 standard library by your system's packages";

/// Adds the target to the toolchain if it is not there.
///
/// # Errors
/// There is no compiler, or no rustup to add the target with, or rustup failed.
pub(crate) fn ensure_target() -> Result<(), CliError> {
    if is_installed()? {
        return Ok(());
    }
    let status = Command::new("rustup")
        .args(["target", "add", TARGET])
        // stdout is for results.
        .stdout(Stdio::null())
        .status()
        .map_err(|source| CliError::Start {
            program: "rustup".to_owned(),
            source,
            hint: NO_RUSTUP,
        })?;
    if status.success() {
        return Ok(());
    }
    Err(CliError::Host {
        message: format!("`rustup target add {TARGET}` failed"),
        hint: Some("is the network there? The target is downloaded once".to_owned()),
    })
}

/// Whether the standard library for the target is there. Asks the compiler, so that a toolchain without rustup will do.
fn is_installed() -> Result<bool, CliError> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let program = rustc.to_string_lossy().into_owned();
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .map_err(|source| CliError::Start {
            program,
            source,
            hint: "install Rust from https://rustup.rs",
        })?;
    let directory = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok(output.status.success() && directory.is_dir())
}
