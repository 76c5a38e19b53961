//! The manifest within the component.

use super::super::*;
use super::{COMPONENT, MANIFEST, code, leb, section as wasm_section, wasm};

fn manifest_section(text: &[u8]) -> Vec<u8> {
    let name = Package::MANIFEST_SECTION.as_bytes();
    wasm_section(0, &[&leb(name.len())[..], name, text].concat())
}

/// Proves M10 for the manifest in the file.
#[test]
fn manifests_by_name() {
    let bare = wasm(COMPONENT);
    let with = |sections: &[&[u8]]| {
        let added: Vec<u8> = sections
            .iter()
            .flat_map(|text| manifest_section(text))
            .collect();
        [bare.clone(), added].concat()
    };
    assert_eq!(code(&bare), "manifest-missing");
    assert!(Package::parse(with(&[MANIFEST.as_bytes()])).is_ok());
    assert_eq!(
        code(&with(&[MANIFEST.as_bytes(), MANIFEST.as_bytes()])),
        "manifest-duplicate"
    );
    assert_eq!(
        code(&with(&[&vec![b'#'; 256 * 1024 + 1]])),
        "manifest-too-large"
    );
    assert_eq!(code(&with(&[b"# \xff"])), "manifest-not-utf8");
    assert_eq!(code(&with(&[b"[plugin]\nid = 3"])), "manifest-invalid");
    let error = Package::parse(with(&[b"[plugin]\nid = 3"])).unwrap_err();
    assert!(
        error.to_string().starts_with("plugin.toml:2:6: "),
        "{error}"
    );
    assert_eq!(error.problems()[0].location.as_ref().unwrap().line, 2);
}

#[test]
fn nested_manifests_are_refused() {
    let section = manifest_section(MANIFEST.as_bytes());
    let inner = [b"\0asm\x01\0\0\0".to_vec(), section.clone()].concat();
    let in_module = [b"\0asm\x0d\0\x01\0".to_vec(), wasm_section(1, &inner)].concat();
    assert_eq!(code(&in_module), "manifest-nested");
    let inner = [b"\0asm\x0d\0\x01\0".to_vec(), section.clone()].concat();
    let in_component = [b"\0asm\x0d\0\x01\0".to_vec(), wasm_section(4, &inner)].concat();
    assert_eq!(code(&in_component), "manifest-nested");
    assert_eq!(
        code(&[in_component.clone(), section].concat()),
        "manifest-nested"
    );
    assert_eq!(
        Package::embed(&in_component, MANIFEST).unwrap_err().code(),
        "manifest-nested"
    );
    assert!(Scan::of(&in_component).is_ok());
}

#[test]
fn embedding_replaces() {
    let bare = wasm(COMPONENT);
    let once = Package::embed(&bare, MANIFEST).unwrap();
    let other = MANIFEST.replace("my-plugin", "your-plugin");
    let again = Package::embed(&once, &other).unwrap();
    assert_eq!(
        Package::parse(again.clone())
            .unwrap()
            .manifest()
            .id
            .as_str(),
        "your-plugin"
    );
    assert_eq!(again.len(), once.len() + 2);
    assert_eq!(Package::embed(&again, MANIFEST).unwrap(), once);
    let doubled = [once.clone(), manifest_section(b"x")].concat();
    assert_eq!(Package::embed(&doubled, MANIFEST).unwrap(), once);

    assert_eq!(
        Package::embed(&bare, "").unwrap_err().code(),
        "manifest-invalid"
    );
    assert_eq!(
        Package::embed(&wasm("(module)"), MANIFEST)
            .unwrap_err()
            .code(),
        "core-module"
    );
    assert_eq!(
        Package::embed(b"", MANIFEST).unwrap_err().code(),
        "package-empty"
    );
}
