//! The compile worker as it ships, for the tests of this crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    portcullis::engine::serve_compile_worker()
}
