//! Components: reading them, and compiling what reads.

use std::sync::OnceLock;

use portcullis::Package;
use portcullis::package::{PackageError, Rejected, ScanLimits};
use portcullis_tests::forge::{self, Parts, wasi};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

use crate::host::{House, runtime};
use crate::input::Input;
use crate::plain::{one_line, shown};

/// The largest component that is also compiled, in bytes.
const COMPILED: usize = 4_096;

/// A component if the bytes begin like one; else the number of a good one, and edits of it.
///
/// - Reading it twice gives the same. Why it is refused is told in a short line with a code.
/// - What is accepted is valid for a validator that knows all features, has one manifest, and imports and exports what its sections say.
/// - It is the same after its manifest was put into it once more.
/// - One in 64 of the small ones is compiled and loaded: nothing panics.
pub fn component(bytes: &[u8]) {
    let bytes = match bytes.starts_with(b"\0asm") {
        true => bytes.to_vec(),
        false => edited(bytes),
    };
    read(&bytes);
}

fn read(bytes: &[u8]) {
    let read = Package::inspect(bytes);
    match (&read, Package::parse(bytes)) {
        (Ok(one), Ok(other)) => {
            assert_eq!((one.digest(), one.scan()), (other.digest(), other.scan()));
            assert_eq!(one.manifest(), other.manifest());
        }
        (Err(one), Err(other)) => assert_eq!(one.error, other),
        (one, other) => panic!("{one:?} {other:?}"),
    }
    match read {
        Err(rejected) => told(&rejected),
        Ok(package) => {
            accepted(&package);
            if bytes.len() <= COMPILED && package.digest().as_bytes()[0] < 4 {
                compile(package);
            }
        }
    }
}

fn told(rejected: &Rejected) {
    let problems = rejected.error.problems();
    assert!(!problems.is_empty());
    problems.iter().for_each(shown);
    let code = rejected.error.code();
    assert!(
        rejected.scan.is_none() || code.starts_with("manifest"),
        "{code}"
    );
    if let PackageError::Malformed { offset, .. } | PackageError::Truncated { offset } =
        &rejected.error
    {
        assert!(*offset <= ScanLimits::PACKAGE_BYTES as u64);
    }
}

fn accepted(package: &Package) {
    let bytes = package.bytes();
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(bytes)
        .unwrap();
    let (mut imports, mut exports, mut manifests, mut depth) =
        (Vec::new(), Vec::new(), Vec::new(), 0);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            // A component ends where what it stands in goes on.
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                imports.extend(
                    section
                        .into_iter()
                        .map(|one| one.unwrap().name.name.to_owned()),
                );
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports.extend(
                    section
                        .into_iter()
                        .map(|one| one.unwrap().name.name.to_owned()),
                );
            }
            Payload::CustomSection(section) if section.name() == Package::MANIFEST_SECTION => {
                assert_eq!(depth, 0);
                manifests.push(std::str::from_utf8(section.data()).unwrap().to_owned());
            }
            _ => {}
        }
    }
    let scan = package.scan();
    let named: Vec<_> = scan.imports.iter().map(|import| &import.name).collect();
    assert_eq!(named, imports.iter().collect::<Vec<_>>());
    let named: Vec<_> = scan.exports.iter().map(|export| &export.name).collect();
    assert_eq!(named, exports.iter().collect::<Vec<_>>());
    named
        .into_iter()
        .chain(&imports)
        .for_each(|name| one_line(name));
    let [text] = &manifests[..] else {
        panic!("{} manifests", manifests.len());
    };
    let again = Package::embed(bytes, text)
        .and_then(Package::parse)
        .unwrap();
    assert_eq!(again.manifest(), package.manifest());
    assert_eq!(again.scan(), package.scan());
}

fn compile(package: Package) {
    let id = package.manifest().id.clone();
    let house = House::get();
    runtime().block_on(async {
        let _alone = house.alone.lock().await;
        if house.load(package).await.is_some() {
            house.host.unload(&id).await.unwrap();
        }
    });
}

/// Small components that are good.
fn bases() -> &'static [Vec<u8>] {
    static BASES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    BASES.get_or_init(|| {
        let forged = |host: &'static [forge::Import], after: &'static str| {
            let parts = Parts { host, after, ..Parts::default() };
            forge::package("base", &parts, "").bytes().to_vec()
        };
        vec![
            forged(&[], ""),
            forged(&[wasi::LOG, wasi::RANDOM], ""),
            forged(&[wasi::POLL, wasi::CLOCK, wasi::STREAMS, wasi::STDOUT], ""),
            forged(
                &[],
                r#"(component $inner
                    (core module $m (table 4 funcref) (memory 1) (func (export "f") (result i32) i32.const 7))
                    (core instance $i (instantiate $m))
                    (type $r (resource (rep i32)))
                    (func (export "seven") (result s32) (canon lift (core func $i "f"))))
                  (instance $one (instantiate $inner)) (instance $two (instantiate $inner))"#,
            ),
        ]
    })
}

/// Edits, three bytes and their arguments each: most of them keep most of a component as it is.
fn edited(bytes: &[u8]) -> Vec<u8> {
    let mut input = Input::new(bytes);
    let bases = bases();
    let mut edited = bases[usize::from(input.byte()) % bases.len()].clone();
    for _ in 0..64 {
        if input.is_empty() || edited.is_empty() {
            break;
        }
        let kind = input.byte();
        let place = |input: &mut Input<'_>, edited: &[u8]| {
            (usize::from(input.byte()) << 8 | usize::from(input.byte())) % edited.len()
        };
        let at = place(&mut input, &edited);
        match kind % 6 {
            0 => edited[at] = input.byte(),
            1 => edited[at] ^= 1 << (input.byte() % 8),
            2 => edited.insert(at, input.byte()),
            3 => {
                let end = edited.len().min(at + usize::from(input.byte()) + 1);
                edited.drain(at..end);
            }
            4 => {
                let end = edited.len().min(at + usize::from(input.byte()) + 1);
                let copied = edited[at..end].to_vec();
                let to = place(&mut input, &edited);
                edited.splice(to..to, copied);
            }
            _ => edited.truncate(at),
        }
    }
    edited
}
