//! `validate` answers on anything, and never runs it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{Ended, codes, plugin, portcullis, root};
use serde_json::Value;
use tempfile::TempDir;

fn validate(path: impl AsRef<Path>) -> Ended {
    let path = path.as_ref().to_str().unwrap().to_owned();
    let started = Instant::now();
    let ended = portcullis(["validate", "--format", "json", path.as_str()]);
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{path} took {:?}",
        started.elapsed()
    );
    ended
}

/// A file in a directory of its own.
fn file(bytes: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("file.wasm");
    fs::write(&path, bytes).unwrap();
    (directory, path)
}

fn refused(bytes: impl AsRef<[u8]>) -> Vec<String> {
    let (_directory, path) = file(bytes);
    let result = validate(path).status(1).json();
    assert_eq!(result["valid"], false);
    codes(&result)
}

/// Proves D5 and M10: the JSON has exactly these keys, and the plugin is what it says it is.
#[test]
fn a_plugin_is_valid() {
    let result = validate(plugin("stealth")).status(0).json();
    let keys: Vec<_> = result
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        ["exports", "imports", "permissions", "problems", "valid"]
    );
    assert_eq!(result["valid"], true);
    assert_eq!(result["problems"], Value::Array(Vec::new()));
    let has = |list: &str, name: &str| {
        result[list]
            .as_array()
            .unwrap()
            .iter()
            .any(|item| item == name)
    };
    assert!(has("imports", "portcullis:plugin/session-read@0.1.0"));
    assert!(has("exports", "portcullis:plugin/conditions@0.1.0"));
    let permissions = result["permissions"].as_array().unwrap();
    let read = permissions
        .iter()
        .find(|asked| asked["permission"] == "session:read")
        .unwrap();
    assert_eq!(read["optional"], false);
    assert_eq!(read["scope"]["namespaces"][0], "host");
}

/// Proves M10: what is no component is told by name.
#[test]
fn what_is_no_component_is_named() {
    assert_eq!(refused(""), ["package-empty"]);
    assert_eq!(refused("just text"), ["not-wasm"]);
    assert_eq!(refused("(component)"), ["wasm-text"]);
    assert_eq!(refused(b"\0asm\x01\0\0\0"), ["core-module"]);
    // Not random, so that a failure can be repeated.
    let noise: Vec<u8> = (0..100_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    assert_eq!(refused(&noise), ["not-wasm"]);
    let headed = [b"\0asm\x0d\0\x01\0".as_slice(), &noise].concat();
    assert!(!refused(headed).is_empty());
}

/// Proves M10: a component that was cut or flipped is refused, at any place.
#[test]
fn damaged_components_are_refused() {
    let bytes = fs::read(plugin("noop")).unwrap();
    for part in 1..8 {
        let end = bytes.len() * part / 8;
        assert!(!refused(&bytes[..end]).is_empty());
    }
    for part in 0..8 {
        let mut flipped = bytes.clone();
        flipped[bytes.len() * part / 8 + 4] ^= 0x55;
        let (_directory, path) = file(flipped);
        // A flip in a constant may leave a valid component; what counts is an answer.
        assert!(matches!(validate(path).status, 0 | 1));
    }
}

/// Proves M10: a manifest that was stripped away is a hint, not a riddle.
#[test]
fn a_stripped_plugin_gets_a_hint() {
    let result = validate(plugin("hello")).status(1).json();
    assert_eq!(codes(&result), ["manifest-missing"]);
    assert!(
        result["problems"][0]["hint"]
            .as_str()
            .unwrap()
            .contains("strip")
    );
    // The rest is known all the same.
    assert!(
        result["exports"][0]
            .as_str()
            .unwrap()
            .starts_with("wasi:cli/run@")
    );
}

/// Proves P3: an import whose permission the manifest does not ask for is a fault of the plugin, with the permission named.
#[test]
fn an_import_without_its_permission_is_not_valid() {
    let result = validate(plugin("needs-session-write")).status(1).json();
    assert_eq!(codes(&result), ["permission-missing"]);
    assert!(
        result["problems"][0]["message"]
            .as_str()
            .unwrap()
            .contains("`session:write`")
    );
}

/// A path that leads to no file is the command line's fault, and does not hang.
#[test]
fn what_is_no_file_is_told() {
    let directory = TempDir::new().unwrap();
    assert_eq!(
        codes(&validate(directory.path()).status(2).json()),
        ["file-unreadable"]
    );
    assert_eq!(
        codes(
            &validate(directory.path().join("none.wasm"))
                .status(2)
                .json()
        ),
        ["file-unreadable"]
    );
    #[cfg(unix)]
    {
        let fifo = directory.path().join("fifo");
        let made = std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap();
        assert!(made.success());
        assert_eq!(
            codes(&validate(&fifo).status(2).json()),
            ["file-unreadable"]
        );
        assert_eq!(
            codes(&validate("/dev/zero").status(2).json()),
            ["file-unreadable"]
        );
    }
}

/// A file of 10 GiB is refused by its size, unread; one at the limit is read.
#[test]
fn huge_files_are_answered() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("huge.wasm");
    File::create(&path).unwrap().set_len(10 << 30).unwrap();
    assert_eq!(
        codes(&validate(&path).status(1).json()),
        ["package-too-large"]
    );
    File::create(&path).unwrap().set_len(64 << 20).unwrap();
    assert_eq!(codes(&validate(&path).status(1).json()), ["not-wasm"]);
}

/// The bombs, within 512 MiB: the address space, which is more than what is resident, is limited to that.
#[cfg(target_os = "linux")]
#[test]
fn bombs_stay_within_the_memory() {
    let bombs = [
        (nested_types(1_200), "component-too-deep"),
        (nested_instances(26), "component-too-many"),
    ];
    for (bytes, code) in bombs {
        let (_directory, path) = file(bytes);
        let started = Instant::now();
        let output = std::process::Command::new("sh")
            .args([
                "-c",
                "ulimit -v 524288 && exec \"$0\" validate --format json \"$1\"",
                env!("CARGO_BIN_EXE_portcullis"),
            ])
            .arg(path)
            .output()
            .unwrap();
        assert!(started.elapsed() < Duration::from_secs(5));
        assert_eq!(
            output.status.code(),
            Some(1),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(
            codes(&serde_json::from_slice(&output.stdout).unwrap()),
            [code]
        );
    }
}

/// Component types within component types.
#[cfg(target_os = "linux")]
fn nested_types(levels: usize) -> Vec<u8> {
    let mut types = vec![1];
    types.extend([0x41, 1, 1].repeat(levels));
    types.extend([0x41, 0]);
    let length = [(types.len() & 0x7f) as u8 | 0x80, (types.len() >> 7) as u8];
    [b"\0asm\x0d\0\x01\0\x07".as_slice(), &length, &types].concat()
}

/// Each component instantiates the one before it twice.
#[cfg(target_os = "linux")]
fn nested_instances(levels: usize) -> Vec<u8> {
    let level = |level: usize| {
        format!(
            "(component (alias outer 1 {level} (component)) (instance (instantiate 0)) (instance (instantiate 0)))"
        )
    };
    let all: String = (0..levels).map(level).collect();
    wat::parse_str(format!(
        "(component (component) {all} (instance (instantiate {levels})))"
    ))
    .unwrap()
}

/// Proves M10: a manifest alone can be checked, and its mistakes have their lines.
#[test]
fn a_manifest_alone_is_checked() {
    let good = validate(root().join("guest-examples/stealth/plugin.toml"))
        .status(0)
        .json();
    assert_eq!(good["permissions"].as_array().unwrap().len(), 6);

    let directory = TempDir::new().unwrap();
    let path = directory.path().join("plugin.toml");
    fs::write(
        &path,
        "[plugin]\nid = \"a-b\"\nname = \"A\"\nversion = \"0.1.0\"\ncolour = 1\n",
    )
    .unwrap();
    let bad = validate(&path).status(1).json();
    let problem = &bad["problems"][0];
    assert_eq!(
        (&problem["code"], &problem["line"]),
        (&"unknown-key".into(), &5.into()),
        "{bad}"
    );

    let scope =
        "[permissions.\"session:read\"]\nreason = \"x\"\nscope = { namespace = [\"host\"] }\n";
    fs::write(
        &path,
        format!("[plugin]\nid = \"a-b\"\nname = \"A\"\nversion = \"0.1.0\"\n{scope}"),
    )
    .unwrap();
    let bad = validate(&path).status(1).json();
    assert_eq!(bad["problems"][0]["line"], 7, "{bad}");
}

/// Several files give one JSON object a line, in their order; the worst of them decides the exit status.
#[test]
fn several_files_give_one_line_each() {
    let ended = portcullis([
        "validate",
        "--format",
        "json",
        &plugin("stealth"),
        &plugin("hello"),
        &plugin("romance"),
    ])
    .status(1);
    let valid: Vec<Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["valid"].clone())
        .collect();
    assert_eq!(valid, [true, false, true]);
}
