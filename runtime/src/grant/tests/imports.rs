use super::*;
use crate::grant::Linking;

/// The codes of what is wrong with a component that imports this, under a manifest that asks for `log:emit`.
fn problems(component: &str) -> Vec<&'static str> {
    codes(&explain(&package(component, &ask("log:emit"))).problems)
}

/// Proves P3: only interfaces are imported. Whatever else is, is refused by its kind.
#[test]
fn each_kind_of_import_is_told_apart() {
    for (component, code) in [
        ("(import \"act\" (func))", "import-bare-function"),
        (
            "(import \"code\" (core module (export \"act\" (func))))",
            "import-core-module",
        ),
        (
            "(import \"part\" (component (export \"act\" (func))))",
            "import-component",
        ),
    ] {
        assert_eq!(problems(component), [code]);
    }
    assert_eq!(
        problems(&import("evil:corp/backdoor@1.0.0")),
        ["import-unknown"]
    );
    assert_eq!(problems(&import("act")), ["import-unknown"]);
}

/// Proves P3: a decision compares interface and version; what a linker would take for compatible is refused.
#[test]
fn versions_are_compared_exactly_enough() {
    for name in [
        "portcullis:plugin/log@0.1.99",
        "portcullis:plugin/log@0.1.0+x",
        "portcullis:plugin/log@0.1.0-rc.1",
        "portcullis:plugin/log@0.2.0",
        "portcullis:plugin/log@1.0.0",
        "portcullis:plugin/log",
        "wasi:cli/environment@0.2.99",
        "wasi:cli/environment@0.3.0",
        "test:host/routes@2.4.0",
        "test:host/routes@1.9.0",
        "test:host/databases@0.3.9",
    ] {
        assert_eq!(problems(&import(name)), ["import-version"], "{name}");
    }
    for name in [
        "portcullis:plugin/log@0.1.0",
        "wasi:cli/environment@0.2.0",
        "wasi:cli/environment@0.2.12",
    ] {
        assert!(problems(&import(name)).is_empty(), "{name}");
    }
    let policy = Policy::new().switch_on("admin:routes");
    let older = package(&import("test:host/routes@2.0.0"), &ask("admin:routes"));
    let decided = Explanation::of(&older, &catalogue(), &policy, &Consent::Everything);
    assert!(decided.is_granted(), "an older minor version is offered");
}

/// Proves P3: an import without its permission is refused, naming both and the fix.
#[test]
fn an_import_names_its_permission() {
    let explanation = explain(&package(
        &import("portcullis:plugin/session-write@0.1.0"),
        "",
    ));
    assert_eq!(codes(&explanation.problems), ["permission-missing"]);
    let problem = explanation.problems[0].to_string();
    for fragment in [
        "`portcullis:plugin/session-write@0.1.0`",
        "`session:write`",
        "[permissions.\"session:write\"]",
    ] {
        assert!(problem.contains(fragment), "{problem}");
    }
    assert_eq!(explanation.imports[0].linking, Linking::Refused);
    assert_eq!(explanation.imports[0].capability, Some("session-write"));
}

/// Proves P3, P5: granted is open, optional and not accepted is a stub, ungated is open, and what cannot be called needs nothing.
#[test]
fn each_import_is_linked_as_decided() {
    let types = "(import \"portcullis:plugin/types@0.1.0\" (instance (export \"t\" (type (sub resource)))))";
    let shapes = "(import \"portcullis:plugin/types@0.1.0\" (instance (type $r (record (field \"x\" string))) (export \"r\" (type (eq $r)))))";
    let all = [
        import("portcullis:plugin/log@0.1.0"),
        import("portcullis:plugin/world-read@0.1.0"),
        import("portcullis:plugin/permissions@0.1.0"),
        shapes.to_owned(),
    ];
    let optional = format!("{}optional = true\n", ask("world:read"));
    let package = package(&all.concat(), &(ask("log:emit") + &optional));
    let consent = Consent::to(["log:emit"]);
    let grant = Grant::decide(&package, &catalogue(), &Policy::new(), &consent).unwrap();
    let linked: Vec<_> = grant
        .imports()
        .iter()
        .map(|import| (import.linking, import.permission))
        .collect();
    assert_eq!(
        linked,
        [
            (Linking::Open, Some("log:emit")),
            (Linking::Stub, Some("world:read")),
            (Linking::Open, None),
            (Linking::Types, None),
        ]
    );
    // A resource has methods: it is not a mere type.
    assert_eq!(problems(types), ["import-unknown"]);
}

/// Proves P11: a name that is almost one of the host's is hinted at.
#[test]
fn a_near_miss_is_hinted_at() {
    let explanation = explain(&package(&import("portcullis:plugin/logs@0.1.0"), ""));
    assert_eq!(
        explanation.problems[0].hint.as_deref(),
        Some("did you mean `portcullis:plugin/log`?")
    );
}
