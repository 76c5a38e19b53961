//! `explain` shows the whole decision, offline.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{codes, plugin, portcullis};
use serde_json::Value;

fn import<'a>(result: &'a Value, name: &str) -> &'a Value {
    let mut imports = result["imports"].as_array().unwrap().iter();
    imports
        .find(|import| import["import"].as_str().unwrap().starts_with(name))
        .unwrap()
}

/// Proves P11: import -> permission -> scope -> decision, as JSON.
#[test]
fn every_import_has_its_decision() {
    let result = portcullis(["explain", "--format", "json", &plugin("stealth")])
        .status(0)
        .json();
    assert_eq!(result["granted"], true);
    let read = import(&result, "portcullis:plugin/session-read");
    assert_eq!(
        (&read["linking"], &read["permission"]),
        (&"open".into(), &"session:read".into())
    );
    assert_eq!(import(&result, "wasi:io/poll")["permission"], Value::Null);
    let permissions = result["permissions"].as_array().unwrap();
    let read = permissions
        .iter()
        .find(|asked| asked["permission"] == "session:read")
        .unwrap();
    assert_eq!(read["scopes"][0]["namespaces"][0], "host");
    assert_eq!(read["decision"], "granted");
}

/// Proves P11: the same as text.
#[test]
fn the_text_has_a_line_for_every_import() {
    let text = portcullis(["explain", &plugin("stealth")]).status(0).stdout;
    let line = text
        .lines()
        .find(|line| line.starts_with("portcullis:plugin/session-read@"))
        .unwrap();
    for part in ["session:read", "namespaces", "granted"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(text.contains("The plugin may run."));
}

/// Proves P11 and P3: a plugin that imports `session-write` without asking is refused, with the permission named, for a CI to see.
#[test]
fn the_missing_permission_is_named() {
    let result = portcullis([
        "explain",
        "--format",
        "json",
        &plugin("needs-session-write"),
    ])
    .status(1)
    .json();
    assert_eq!(result["granted"], false);
    assert_eq!(
        import(&result, "portcullis:plugin/session-write")["linking"],
        "refused"
    );
    assert_eq!(codes(&result), ["permission-missing"]);

    let text = portcullis(["explain", &plugin("needs-session-write")])
        .status(1)
        .stdout;
    let line = text
        .lines()
        .find(|line| line.starts_with("portcullis:plugin/session-write@"))
        .unwrap();
    assert!(
        line.contains("session:write") && line.contains("refused"),
        "{line}"
    );
}

/// Proves P5 and P2: what is not granted is refused, or a stub where it is optional; a group stands for its members.
#[test]
fn grants_and_denials_change_the_decision() {
    let some = portcullis([
        "explain",
        "--format",
        "json",
        &plugin("stealth"),
        "--grant",
        "group:readonly",
    ])
    .status(1)
    .json();
    assert_eq!(
        import(&some, "portcullis:plugin/session-read")["linking"],
        "open"
    );
    assert_eq!(
        import(&some, "portcullis:plugin/session-write")["linking"],
        "refused"
    );

    let optional = plugin("optional-session-write");
    let stub = portcullis([
        "explain",
        "--format",
        "json",
        &optional,
        "--deny",
        "session:write",
    ])
    .status(0)
    .json();
    assert_eq!(
        import(&stub, "portcullis:plugin/session-write")["linking"],
        "stub"
    );
}

/// Proves P4: unknown imports and version tricks are seen for what they are.
#[test]
fn tricks_with_imports_are_refused() {
    let cases = [
        ("unlisted-import", "import-unknown"),
        ("bare-function-import", "import-bare-function"),
        ("version-alias-newer", "import-version"),
        ("version-alias-build", "import-version"),
        ("core-module-import", "component-unknown-instantiation"),
        ("component-import", "component-unknown-instantiation"),
    ];
    for (name, code) in cases {
        let result = portcullis(["explain", "--format", "json", &plugin(name)])
            .status(1)
            .json();
        assert_eq!(codes(&result), [code], "{name}");
    }
}

/// A misspelt permission is the command line's fault, with the right one named.
#[test]
fn a_misspelt_permission_is_named() {
    let ended = portcullis(["explain", &plugin("stealth"), "--grant", "sesion:write"]).status(2);
    assert!(ended.stdout.is_empty());
    assert!(ended.stderr.contains("`session:write`"), "{}", ended.stderr);
}
