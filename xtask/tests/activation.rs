//! Plugins that sleep until they are needed, on the command line.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::path::PathBuf;

use common::{codes, plugin, portcullis, root};
use portcullis::Package;
use tempfile::TempDir;

/// A guest of the tests whose manifest also says this.
fn guest(name: &str, more: &str) -> (TempDir, String) {
    let manifest: PathBuf = root().join(format!("tests/guests/{name}/plugin.toml"));
    let manifest = format!("{}\n{more}", fs::read_to_string(manifest).unwrap());
    let bytes = Package::embed(&fs::read(plugin(name)).unwrap(), &manifest).unwrap();
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("plugin.wasm");
    fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

/// Proves M8, D5: `validate` and `explain` say of a plugin that sleeps what it waits for, and nothing of any other.
#[test]
fn what_a_plugin_waits_for_is_shown() {
    let (_kept, path) = guest("noop", "[activation]\non = \"first-use\"\n");
    for verb in ["validate", "explain"] {
        let result = portcullis([verb, "--format", "json", &path])
            .status(0)
            .json();
        assert_eq!(result["activation"], "first-use", "{verb}");
        let told = portcullis([verb, &path]).status(0).stdout;
        assert!(told.contains("asleep until its first use"), "{told}");
        let other = portcullis([verb, "--format", "json", &plugin("noop")]);
        assert!(other.status(0).json().get("activation").is_none(), "{verb}");
    }
}

/// Proves M8, D5: a plugin whose match cannot come is warned of.
#[test]
fn a_match_that_cannot_come_is_shown() {
    let (_kept, path) = guest("noop", "[activation]\non = \"first-match\"\n");
    for verb in ["validate", "explain"] {
        let result = portcullis([verb, "--format", "json", &path])
            .status(0)
            .json();
        assert_eq!(codes(&result), ["never-woken"], "{verb}");
    }
}

/// Proves M8, D5: `run` wakes what it calls, in time that is not the call's, and tells of a `load` that failed.
#[test]
fn run_wakes_what_it_calls() {
    for on in ["first-use", "first-match"] {
        let (_kept, path) = guest("noop", &format!("[activation]\non = \"{on}\"\n"));
        let arguments = ["run", &path, "--call", "conditions/noop", "--grant", "all"];
        let json = ["--format", "json"];
        let ran = portcullis(arguments.iter().chain(&json)).status(0).json();
        assert_eq!(
            (&ran["outcome"], &ran["reply"]),
            (&"returned".into(), &true.into())
        );
    }
    let (_kept, path) = guest("flawed-load", "[activation]\non = \"first-use\"\n");
    let arguments = ["run", &path, "--call", "conditions/any", "--grant", "all"];
    let ran = portcullis(arguments.iter().chain(&["--format", "json"]))
        .status(1)
        .json();
    assert_eq!(ran["operation"], "load");
    assert_eq!(ran["outcome"], "guest-error");
}
