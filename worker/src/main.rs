//! Compiles one plugin for a host: reads it from stdin, writes its code to stdout, and ends.

use std::process::ExitCode;

fn main() -> ExitCode {
    portcullis::engine::serve_compile_worker()
}
