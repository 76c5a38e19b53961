//! What fuzzing looks at for hours, for a second each: the bodies of the fuzz targets, on random bytes and on seeds that a few edits have changed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use portcullis_properties::{BODIES, Body};
use portcullis_tests::plugins::root;
use proptest::prelude::Rng;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestRng, TestRunner};

/// How many inputs a body gets.
const CASES: u32 = 256;

fn body(target: &str) -> Body {
    let found = BODIES.iter().find(|(name, _)| *name == target);
    found
        .unwrap_or_else(|| panic!("no body is named `{target}`"))
        .1
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = root().join("fuzz/seeds").join(target);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| std::fs::read(path).unwrap();
    paths.iter().map(read).collect()
}

/// Random bytes, or a seed with up to four edits: bytes changed, taken out, put in, or taken from another seed.
fn input(random: &mut TestRng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut below = |most: usize| random.next_u32() as usize % most.max(1);
    if seeds.is_empty() || below(4) == 0 {
        let length = below(300);
        return (0..length).map(|_| below(256) as u8).collect();
    }
    let mut bytes = seeds[below(seeds.len())].clone();
    for _ in 0..below(5) {
        let (from, to) = (below(bytes.len()), below(bytes.len()));
        let cut = from.min(to)..from.max(to).min(from.min(to) + 40);
        match below(4) {
            0 if !bytes.is_empty() => bytes[from] = below(256) as u8,
            1 => drop(bytes.drain(cut)),
            2 => bytes.insert(from, below(256) as u8),
            _ => {
                let other = &seeds[below(seeds.len())];
                let start = below(other.len());
                let end = other.len().min(start + below(60));
                let taken = other[start..end].to_vec();
                bytes.splice(cut, taken);
            }
        }
    }
    bytes
}

fn holds(target: &str) {
    let (body, seeds) = (body(target), seeds(target));
    let seed = RngSeed::Fixed(u64::from_le_bytes(*b"portcull"));
    let config = Config {
        rng_seed: seed,
        rng_algorithm: RngAlgorithm::ChaCha,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    for case in 0..CASES {
        let bytes = input(runner.rng(), &seeds);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(&bytes))) {
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{target}-{case}"));
            std::fs::write(&file, &bytes).unwrap();
            eprintln!("`{target}` does not hold for {}", file.display());
            std::panic::resume_unwind(panic);
        }
    }
}

/// Proves M1, M10: a manifest says the same again when it is written anew, and every problem has a place.
#[test]
fn manifests() {
    holds("manifest");
}

/// Proves X3: what reads as a component is valid, and imports what its sections say.
#[test]
fn components() {
    holds("component");
}

/// Proves P3: a grant is what was asked, accepted and allowed, by a model of sets.
#[test]
fn grants() {
    holds("grant");
}

/// Proves E9: patterns match what a matcher finds that tries everything.
#[test]
fn subjects() {
    holds("subjects");
}

/// Proves E8: a handler's change is a JSON merge patch, of which only mutable fields count.
#[test]
fn hooks() {
    holds("hooks");
}

/// Proves P7: a receipt is the same after its way through JSON, and one line.
#[test]
fn receipts() {
    holds("receipts");
}

/// Proves X1, X2, X3: code of any kind ends by itself or by a limit, twice in the same way.
#[test]
fn codes() {
    holds("code");
}
