//! `build` makes finished plugins.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::fs;

use common::{Ended, command, plugin, portcullis, root};
use tempfile::TempDir;

/// Proves D5 and M10: a component of another tool gets its manifest, and is a plugin then.
#[test]
fn a_component_gets_its_manifest() {
    let directory = TempDir::new().unwrap();
    let (manifest, out) = (
        directory.path().join("plugin.toml"),
        directory.path().join("out.wasm"),
    );
    fs::write(
        &manifest,
        "[plugin]\nid = \"greeter\"\nname = \"Greeter\"\nversion = \"1.2.3\"\n",
    )
    .unwrap();
    let (manifest, out) = (manifest.to_str().unwrap(), out.to_str().unwrap());
    let build = [
        "build",
        &plugin("hello"),
        "--manifest",
        manifest,
        "--out",
        out,
        "--format",
        "json",
    ];
    let built = portcullis(build).status(0).json();
    assert_eq!(built["built"][0]["name"], "greeter");
    assert_eq!(built["built"][0]["changed"], true);
    portcullis(["validate", out]).status(0);
    let ran = portcullis(["run", out, "--format", "json"])
        .status(0)
        .json();
    assert_eq!(
        (&ran["plugin"], &ran["version"]),
        (&"greeter".into(), &"1.2.3".into())
    );

    let again = portcullis(build).status(0).json();
    assert_eq!(again["built"][0]["changed"], false);
}

/// Proves M10: a mistake in the manifest is told with its file, line and fix, and nothing is written.
#[test]
fn a_wrong_manifest_is_told() {
    let directory = TempDir::new().unwrap();
    let (manifest, out) = (
        directory.path().join("plugin.toml"),
        directory.path().join("out.wasm"),
    );
    fs::write(
        &manifest,
        "[plugin]\nid = \"Greeter\"\nname = \"Greeter\"\nversion = \"1.2.3\"\n",
    )
    .unwrap();
    let hello = plugin("hello");
    let ended = portcullis([
        "build",
        &hello,
        "--manifest",
        manifest.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ])
    .status(1);
    assert!(ended.stderr.contains("plugin.toml:2:"), "{}", ended.stderr);
    assert!(ended.stderr.contains("help:"), "{}", ended.stderr);
    assert!(!out.exists());
    portcullis(["build", &hello]).status(2);
}

/// Proves D5: an author's crate becomes a plugin.
#[test]
fn a_crate_becomes_a_plugin() {
    let directory = TempDir::new().unwrap();
    let out = directory.path().join("noop.wasm");
    let output = command([
        "build",
        "tests/guests/noop",
        "--out",
        out.to_str().unwrap(),
        "--format",
        "json",
    ])
    .env("CARGO_TARGET_DIR", root().join("target/guests"))
    .output()
    .unwrap();
    let ended = Ended::of(output).status(0);
    assert_eq!(ended.json()["built"][0]["name"], "noop");
    assert_eq!(
        fs::read(out).unwrap(),
        fs::read(plugin("noop")).unwrap(),
        "the same as in the whole build"
    );
}
