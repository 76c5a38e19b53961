//! Driving the real binary.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What a command left behind.
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            status: output.status.code().expect("it ended by itself"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The one JSON object on stdout.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(
            self.stdout.lines().count(),
            1,
            "one line on stdout, not:\n{}\n{}",
            self.stdout,
            self.stderr
        );
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Checks the exit status.
    #[track_caller]
    pub(crate) fn status(self, status: i32) -> Self {
        assert_eq!(
            self.status, status,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }
}

/// Runs the binary in the repository.
pub(crate) fn portcullis<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ended {
    Ended::of(command(arguments).output().unwrap())
}

/// Runs the binary with this on its stdin.
pub(crate) fn portcullis_reading<S: AsRef<OsStr>>(
    arguments: impl IntoIterator<Item = S>,
    input: &str,
) -> Ended {
    let mut command = command(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input is no fault of this test.
    let _closed = child.stdin.take().unwrap().write_all(input.as_bytes());
    Ended::of(child.wait_with_output().unwrap())
}

pub(crate) fn command<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command
        .args(arguments)
        .current_dir(root())
        .env_remove("PORTCULLIS_LOG")
        .env(
            "PORTCULLIS_COMPILER",
            env!("CARGO_BIN_EXE_portcullis-compile-for-tests"),
        )
        .stdin(Stdio::null());
    command
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// A finished plugin: an example's, or one of the tests'.
pub(crate) fn plugin(name: &str) -> String {
    let plugins = root().join("target/plugins");
    let places = [
        plugins.join(format!("{name}.wasm")),
        plugins.join(format!("tests/{name}.wasm")),
    ];
    let found = places.iter().find(|place| place.is_file());
    let found =
        found.unwrap_or_else(|| panic!("`{name}` is not built: run `cargo xtask build` first"));
    found.to_str().unwrap().to_owned()
}

/// A world file of the repository.
pub(crate) fn world(name: &str) -> String {
    root()
        .join(format!("services/world/worlds/{name}.json"))
        .to_str()
        .unwrap()
        .to_owned()
}

/// The codes of a JSON result's problems.
pub(crate) fn codes(result: &Value) -> Vec<String> {
    let problems = result["problems"].as_array().unwrap();
    problems
        .iter()
        .map(|problem| problem["code"].as_str().unwrap().to_owned())
        .collect()
}
