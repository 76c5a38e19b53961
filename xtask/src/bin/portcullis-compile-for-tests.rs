//! The compile worker that the tests of the command line use: cargo builds it for them, which it does not do for another package's program.

use std::process::ExitCode;

fn main() -> ExitCode {
    portcullis::engine::serve_compile_worker()
}
