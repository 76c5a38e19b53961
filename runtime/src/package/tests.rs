#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod bombs;
mod damage;
mod manifests;
mod unused;

use std::str::FromStr;

use serde_json::json;

use super::*;

const MANIFEST: &str = "[plugin]\nid = \"my-plugin\"\nname = \"Mine\"\nversion = \"0.1.0\"\n";

const COMPONENT: &str = r#"(component
    (import "portcullis:plugin/types@0.1.0" (instance $types
        (type (record (field "text" string)))
        (export "line" (type (eq 0)))))
    (alias export $types "line" (type $line))
    (import "portcullis:plugin/log@0.1.0" (instance $log
        (alias outer 1 $line (type $line))
        (export "line" (type (eq $line)))
        (export "pen" (type $pen (sub resource)))
        (export "emit" (func (param "text" string)))
        (export "[method]pen.write" (func (param "self" (borrow $pen)) (param "line" 1)))))
    (core module $memory (memory (export "memory") 17) (table 10 funcref))
    (core instance $memory (instantiate $memory))
    (alias core export $memory "memory" (core memory $m))
    (core func $emit (canon lower (func $log "emit") (memory $m)))
    (core module $main
        (import "log" "emit" (func (param i32 i32)))
        (func (export "run") (result i32) i32.const 0 i32.const 3 call 0 i32.const 1))
    (core instance $main (instantiate $main (with "log" (instance (export "emit" (func $emit))))))
    (func $run (result bool) (canon lift (core func $main "run")))
    (instance $conditions (export "run" (func $run)))
    (export "portcullis:plugin/conditions@0.1.0" (instance $conditions))
    (export "run" (func $run))
)"#;

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn plugin() -> Vec<u8> {
    Package::embed(&wasm(COMPONENT), MANIFEST).unwrap()
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number as u8 & 0x7f | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn section(id: u8, body: &[u8]) -> Vec<u8> {
    [&[id][..], &leb(body.len()), body].concat()
}

fn code(bytes: &[u8]) -> &'static str {
    let error = Package::parse(bytes).unwrap_err();
    let problems = error.problems();
    assert!(!problems.is_empty());
    if !matches!(error, PackageError::Manifest(_)) {
        assert_eq!(problems[0].code, error.code());
        assert!(problems[0].hint.is_some(), "{error}");
    }
    error.code()
}

#[test]
fn a_package() {
    let bytes = plugin();
    let package = Package::parse(bytes.clone()).unwrap();
    assert_eq!(package.bytes(), bytes);
    assert_eq!(package.digest(), Digest::of(&bytes));
    assert_eq!(package.manifest().id.as_str(), "my-plugin");
    let counts = &package.scan().counts;
    assert_eq!((counts.components, counts.component_instances), (1, 1));
    assert_eq!((counts.core_modules, counts.core_instances), (2, 2));
    assert_eq!(
        (counts.memories, counts.memory_bytes_minimum),
        (1, 17 << 16)
    );
    assert_eq!((counts.tables, counts.table_elements_minimum), (1, 10));
    assert_eq!(counts.functions, 1);
    assert!(format!("{package:?}").contains("sha256:"));
}

#[test]
fn imports_and_exports() {
    let scan = Scan::of(&wasm(COMPONENT)).unwrap();
    let [types, log] = scan.imports.as_slice() else {
        panic!()
    };
    let nothing = ImportKind::Instance {
        functions: vec![],
        resources: vec![],
    };
    assert_eq!(
        (types.name.as_str(), &types.kind),
        ("portcullis:plugin/types@0.1.0", &nothing)
    );
    assert_eq!(log.name, "portcullis:plugin/log@0.1.0");
    let functions = vec!["emit".to_owned(), "[method]pen.write".to_owned()];
    assert_eq!(
        log.kind,
        ImportKind::Instance {
            functions,
            resources: vec!["pen".to_owned()]
        }
    );
    let [conditions, run] = scan.exports.as_slice() else {
        panic!()
    };
    let functions = vec!["run".to_owned()];
    assert_eq!(
        conditions.kind,
        ExportKind::Instance {
            functions,
            resources: vec![]
        }
    );
    assert_eq!(
        (run.name.as_str(), &run.kind),
        ("run", &ExportKind::Function)
    );
    let shown = json!({ "name": "run", "kind": "function" });
    assert_eq!(serde_json::to_value(run).unwrap(), shown);
}

/// Bare functions, core modules, components and types are seen as what they are.
#[test]
fn every_kind_of_import() {
    let scan = Scan::of(&wasm(r#"(component
        (import "f" (func)) (import "m" (core module)) (import "c" (component))
        (import "t" (type (sub resource))) (import "e:x/y" (instance))
        (core module $m) (component $c)
        (export "m2" (core module $m)) (export "c2" (component $c)) (export "t2" (type 0)) (export "e2" (instance 0))
    )"#)).unwrap();
    let kinds: Vec<_> = scan.imports.into_iter().map(|import| import.kind).collect();
    use ImportKind::*;
    let nothing = Instance {
        functions: vec![],
        resources: vec![],
    };
    assert_eq!(kinds, [Function, Module, Component, Type, nothing]);
    let kinds: Vec<_> = scan.exports.into_iter().map(|export| export.kind).collect();
    let nothing = ExportKind::Instance {
        functions: vec![],
        resources: vec![],
    };
    assert_eq!(
        kinds,
        [
            ExportKind::Module,
            ExportKind::Component,
            ExportKind::Type,
            nothing
        ]
    );
}

/// What hides in an imported instance is refused by name.
#[test]
fn an_import_may_hold_functions_and_types_only() {
    for hidden in [
        "(export \"n\" (instance))",
        "(export \"n\" (core module))",
        "(export \"n\" (component))",
    ] {
        let text = format!("(component (import \"a:b/c\" (instance {hidden})))");
        let error = Scan::of(&wasm(&text)).unwrap_err();
        assert!(matches!(error, PackageError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains("`a:b/c`") && error.to_string().contains("`n`"));
    }
}

#[test]
fn interface_names() {
    let log = InterfaceName::parse("portcullis:plugin/log@0.1.0").unwrap();
    assert_eq!(log.interface, "portcullis:plugin/log");
    assert_eq!(log.version, Some(semver::Version::new(0, 1, 0)));
    assert_eq!(log.to_string(), "portcullis:plugin/log@0.1.0");
    let alias = InterfaceName::parse("wasi:cli/environment@0.2.1+x").unwrap();
    assert_eq!(alias.interface, "wasi:cli/environment");
    assert_eq!(InterfaceName::parse("a:b/c").unwrap().version, None);
    for plain in [
        "",
        "run",
        "a/b",
        "a:b",
        "a:b/",
        ":b/c",
        "a:b/c/d",
        "a:b/c@",
        "a:b/c@1",
        "url=<x:y/z>",
    ] {
        assert_eq!(InterfaceName::parse(plain), None, "{plain}");
    }
}

#[test]
fn digests() {
    let digest = Digest::of(b"abc");
    let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(digest.to_string(), text);
    assert_eq!(Digest::from_str(text), Ok(digest));
    assert_eq!(serde_json::to_value(digest).unwrap(), json!(text));
    assert_eq!(
        serde_json::from_value::<Digest>(json!(text)).unwrap(),
        digest
    );
    let long = format!("{text}a");
    for bad in [
        "",
        "sha256:",
        &text[7..],
        &text[..70],
        &long,
        &text.to_uppercase(),
        &text.replace("ba", "é"),
    ] {
        assert_eq!(Digest::from_str(bad), Err(DigestError), "{bad}");
    }
}

#[test]
fn what_is_no_component() {
    assert_eq!(code(b""), "package-empty");
    assert_eq!(
        code(&vec![0; ScanLimits::PACKAGE_BYTES + 1]),
        "package-too-large"
    );
    assert_eq!(code(b"MZ is no start of a component"), "not-wasm");
    assert_eq!(code(b"\xff"), "not-wasm");
    assert_eq!(code(b"  (component)"), "wasm-text");
    assert_eq!(code(b";; text\n(module)"), "wasm-text");
    assert_eq!(code(&wasm("(module)")), "core-module");
    assert_eq!(code(&wasm("(module (func))")), "core-module");
    assert_eq!(code(b"\0as"), "component-truncated");
    assert_eq!(code(b"\0asm\x0d\0\x01"), "component-truncated");
    assert_eq!(code(b"\0asm\x0d\0\x01\0\x07\x7f"), "component-truncated");
    assert_eq!(code(b"\0asm\x0c\0\x01\0"), "component-malformed");
    assert_eq!(code(b"\0asm\x0d\0\x01\0\x7f\0"), "component-malformed");
}

#[test]
fn what_is_no_valid_component() {
    let invalid = wasm("(component (export \"x\" (func 3)))");
    assert_eq!(code(&invalid), "component-malformed");
    let body = wasm("(component (core module (func (result i32))))");
    assert_eq!(code(&body), "component-malformed");
}

#[test]
fn what_no_host_runs() {
    for module in [
        "(memory 1 1 shared)",
        "(memory i64 1)",
        "(tag)",
        "(type (struct))",
        "(table 1 externref)",
        "(func (param externref))",
        "(func v128.const i64x2 0 0 v128.const i64x2 0 0 v128.const i64x2 0 0 i32x4.relaxed_laneselect drop)",
    ] {
        let bytes = wasm(&format!("(component (core module {module}))"));
        let error = Scan::of(&bytes).unwrap_err();
        assert!(
            matches!(error, PackageError::Unsupported { .. }),
            "{module}: {error}"
        );
    }
    let asynchronous = wasm("(component (type (future u8)))");
    assert_eq!(code(&asynchronous), "component-unsupported");
    let allowed = "(memory 1) (memory 1) (func return_call 0) (func (result i32 i32) i32.const 1 i32.const 2)
        (global i32 (i32.add (i32.const 1) (i32.const 2))) (func (param v128) (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))";
    Scan::of(&wasm(&format!("(component (core module {allowed}))"))).unwrap();
}

#[test]
fn instantiations_that_cannot_be_counted() {
    for text in [
        "(component (import \"c\" (component $c)) (instance (instantiate $c)))",
        "(component (import \"m\" (core module $m)) (core instance (instantiate $m)))",
        "(component (component $a (import \"c\" (component $c)) (instance (instantiate $c))))",
        "(component (import \"a:b/c\" (instance $i (export \"c\" (component)))) (alias export $i \"c\" (component $c)) (instance (instantiate $c)))",
    ] {
        assert_eq!(
            code(&wasm(text)),
            "component-unknown-instantiation",
            "{text}"
        );
    }
    // A component that comes out of an instance of the file is known.
    let known = "(component (component $a (component $b (core module $m) (core instance (instantiate $m))) (export \"b\" (component $b)))
        (instance $i (instantiate $a)) (alias export $i \"b\" (component $c)) (instance (instantiate $c)) (instance (instantiate $c)))";
    let counts = Scan::of(&wasm(known)).unwrap().counts;
    assert_eq!(
        (
            counts.component_instances,
            counts.core_instances,
            counts.components
        ),
        (4, 2, 3)
    );
}
