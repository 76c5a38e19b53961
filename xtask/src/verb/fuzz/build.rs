//! Building the targets with code that tells libFuzzer where it was.

use std::path::PathBuf;
use std::process::Command;

use super::target::Target;
use crate::error::CliError;
use crate::guests;
use crate::project::Project;
use crate::verb::test::check;

/// What libFuzzer wants to know: which edges ran, and what was compared with what. No sanitizer of memory: the code is safe Rust, and guests
/// run on stacks of their own, which sanitizers take for errors.
const INSTRUMENTED: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Builds the targets. Gives the directory in which their programs are.
///
/// # Errors
/// There is no C++ compiler, or something does not compile; cargo has said what.
pub(super) fn build(project: &Project, targets: &[Target]) -> Result<PathBuf, CliError> {
    compiler()?;
    let triple = host_triple()?;
    let directory = project.root().join("target/fuzz/build");
    // Through rustup, where `cargo` may be told which toolchain: the flags are stable, but nightly instruments more.
    let mut cargo = match has_nightly() {
        true => {
            let mut rustup = Command::new("rustup");
            rustup.args(["run", "nightly", "cargo"]);
            for own in [
                "RUSTUP_TOOLCHAIN",
                "RUSTC",
                "CARGO",
                "CARGO_ENCODED_RUSTFLAGS",
            ] {
                rustup.env_remove(own);
            }
            rustup
        }
        false => guests::cargo(project.root()),
    };
    cargo
        .current_dir(project.root())
        .args([
            "build",
            "--release",
            "--locked",
            "--manifest-path",
            "fuzz/Cargo.toml",
        ])
        // With a target named, build scripts and macros are not instrumented.
        .args(["--target", &triple])
        .arg("--target-dir")
        .arg(&directory)
        .env("RUSTFLAGS", INSTRUMENTED);
    for target in targets {
        cargo.args(["--bin", &target.name]);
    }
    check(cargo, "cargo build in fuzz/")?;
    Ok(directory.join(triple).join("release"))
}

/// libFuzzer is C++, which a crate compiles on the way.
fn compiler() -> Result<(), CliError> {
    let own = std::env::var("CXX");
    let program = own.unwrap_or_else(|_| "c++".to_owned());
    match Command::new(&program).arg("--version").output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(CliError::usage(
            format!("libFuzzer takes a C++ compiler, and `{program}` does not run"),
            "install g++ or clang, or name a compiler in CXX",
        )),
    }
}

fn has_nightly() -> bool {
    let asked = Command::new("rustup")
        .args(["run", "nightly", "rustc", "--version"])
        .output();
    asked.is_ok_and(|output| output.status.success())
}

fn host_triple() -> Result<String, CliError> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .arg("-vV")
        .output()
        .map_err(|source| CliError::Start {
            program: "rustc".to_owned(),
            source,
            hint: "install Rust from https://rustup.rs",
        })?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let triple = told.lines().find_map(|line| line.strip_prefix("host: "));
    triple
        .map(str::to_owned)
        .ok_or_else(|| CliError::host("`rustc -vV` does not say for which host it is"))
}
