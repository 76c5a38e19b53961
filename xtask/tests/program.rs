//! `run FILE.wasm` runs any component with a main.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{codes, plugin, portcullis};

/// Proves X1 and D5: a plain program knows nothing of Portcullis and runs; what it prints is the result.
#[test]
fn a_program_runs() {
    let ended = portcullis(["run", &plugin("hello")]).status(0);
    assert_eq!(ended.stdout, "Hello, world!\n");
    assert!(ended.stderr.contains("returned"), "{}", ended.stderr);
}

/// With JSON, what it printed is part of the receipt.
#[test]
fn a_program_has_a_receipt() {
    let result = portcullis(["run", &plugin("hello"), "--format", "json"])
        .status(0)
        .json();
    assert_eq!(
        (&result["outcome"], &result["stdout"]),
        (&"returned".into(), &"Hello, world!\n".into())
    );
    assert_eq!(result["permissions"], serde_json::json!([]));
}

/// Proves X1 and X2: the limits hold for programs too.
#[test]
fn a_program_is_limited() {
    let fuel = portcullis(["run", &plugin("hello"), "--fuel", "10", "--format", "json"])
        .status(1)
        .json();
    assert_eq!(fuel["outcome"], "out-of-fuel");
    let memory = portcullis([
        "run",
        &plugin("hello"),
        "--memory",
        "64KiB",
        "--format",
        "json",
    ])
    .status(1)
    .json();
    // It begins with more, so nothing of it ran.
    assert_eq!(memory["outcome"], "not-run");
    assert_eq!(codes(&memory), ["load-failed"]);
}

/// A file that is neither a plugin nor a program does not run.
#[test]
fn what_is_no_program_does_not_run() {
    let result = portcullis(["run", "Cargo.toml", "--format", "json"])
        .status(1)
        .json();
    assert_eq!(result["outcome"], "not-run");
    assert_eq!(codes(&result), ["not-wasm"]);
    portcullis(["run", "no-such-file.wasm"]).status(2);
}

/// A program has no manifest, so nothing of it can be called by name.
#[test]
fn a_program_has_nothing_to_call() {
    let result = portcullis([
        "run",
        &plugin("hello"),
        "--call",
        "conditions/x",
        "--format",
        "json",
    ])
    .status(1)
    .json();
    assert_eq!(codes(&result), ["manifest-missing"]);
}
