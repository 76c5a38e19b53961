//! Real components with mistakes in them, thousands of them: each is answered soon, nothing panics, and the memory stays flat. What still is a
//! plugin is compiled by a worker. A process of its own, for the memory.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use portcullis::engine::CompileWorker;
use portcullis::host::LoadError;
use portcullis::{Package, Policy};
use portcullis_tests::Rig;
use portcullis_tests::plugins::root;
use portcullis_tests::rig::limits;

/// Every round is the same each time: a mutation that was not answered well is found again by its number. `PORTCULLIS_MUTATIONS` sets how many.
const ROUNDS: u64 = 10_000;

/// What `validate` has.
const SOON: Duration = Duration::from_secs(5);

/// What `load` has, and as much again for a busy machine.
const LOADED_SOON: Duration = Duration::from_secs(10);

/// What still is a plugin differs where nobody looks before it is compiled. Each takes a process, so not all are.
const COMPILED: usize = 40;

/// What an allocator may keep for itself: the largest components have some MiB, and a validator some times of that.
const SLACK_KIB: u64 = 64 * 1024;

/// A generator of numbers that needs no dependency: `splitmix64`.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        let limit = limit.max(1) as u64;
        (self.next() % limit) as usize
    }
}

/// All finished plugins, and the programs that they were before.
fn components() -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in [
        "target/plugins",
        "target/plugins/tests",
        "target/guests/wasm32-wasip2/release",
    ] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        paths.extend(entries.map(|entry| entry.unwrap().path()));
    }
    paths.retain(|path| path.extension().is_some_and(|end| end == "wasm"));
    paths.sort();
    assert!(paths.len() > 50, "run `cargo xtask build` first");
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// Where the sections of the outermost component begin, its end last.
fn sections(bytes: &[u8]) -> Vec<usize> {
    let (mut places, mut at) = (Vec::new(), 8);
    while at < bytes.len() {
        places.push(at);
        let (mut length, mut shift) = (0_usize, 0);
        at += 1;
        while let Some(byte) = bytes.get(at) {
            length |= usize::from(byte & 0x7f) << shift;
            (at, shift) = (at + 1, shift + 7);
            if byte & 0x80 == 0 || shift > 28 {
                break;
            }
        }
        at = at.saturating_add(length);
    }
    places.push(bytes.len());
    places
}

/// A component with some mistakes.
fn mutate(components: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = components[numbers.below(components.len())].clone();
    for _ in 0..=numbers.below(3) {
        let len = bytes.len();
        match numbers.below(7) {
            // A bit.
            0 | 1 => bytes[numbers.below(len)] ^= 1 << numbers.below(8),
            // A byte near the start of a section: its id, its length, its count.
            2 => {
                let places = sections(&bytes);
                let at = places[numbers.below(places.len())] + numbers.below(6);
                bytes[at.min(len - 1)] = numbers.next() as u8;
            }
            // A part of another component in the place of as much of this one.
            3 => {
                let other = &components[numbers.below(components.len())];
                let size = numbers.below(512).min(len).min(other.len());
                let (from, to) = (numbers.below(other.len() - size), numbers.below(len - size));
                bytes[to..to + size].copy_from_slice(&other[from..from + size]);
            }
            // Two sections change places, or one is there twice, or not at all.
            4 => {
                let places = sections(&bytes);
                let pick = numbers.below(places.len() - 1);
                let section = bytes[places[pick]..places[pick + 1]].to_vec();
                let to = places[numbers.below(places.len())];
                match numbers.below(3) {
                    0 => drop(bytes.splice(to..to, section)),
                    1 => drop(bytes.drain(places[pick]..places[pick + 1])),
                    _ => {
                        let end = (to + section.len()).min(len);
                        bytes.splice(to..end, section);
                    }
                }
            }
            // The end is missing.
            5 => bytes.truncate(8.max(len - numbers.below(len / 4))),
            // A number that is very large.
            _ => {
                let at = numbers.below(len - 5);
                bytes[at..at + 5].copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x0f]);
            }
        }
    }
    bytes
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

/// Proves S3, P5: mistakes in real components are answered, each soon, and the host does not grow.
#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_answered() {
    let rounds = std::env::var("PORTCULLIS_MUTATIONS");
    let rounds = rounds.map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let components = components();
    let mut numbers = Numbers(5);
    let mut plugins = Vec::new();
    let (mut slowest, mut sound, mut warm) = (Duration::ZERO, 0_u32, 0);
    let begin = Instant::now();
    for round in 0..rounds {
        let bytes = mutate(&components, &mut numbers);
        let begin = Instant::now();
        let inspected = Package::inspect(bytes);
        let took = begin.elapsed();
        assert!(took < SOON, "mutation {round} took {took:?}");
        slowest = slowest.max(took);
        if let Ok(package) = inspected {
            sound += 1;
            if plugins.len() < COMPILED && numbers.below(4) == 0 {
                plugins.push((round, package));
            }
        }
        if round == rounds / 5 {
            warm = resident_kib();
        }
    }
    let (took, resident) = (begin.elapsed(), resident_kib());
    println!(
        "{rounds} in {took:?}, slowest {slowest:?}, {sound} still plugins, {warm} KiB then {resident} KiB"
    );
    assert!(sound > 0 && !plugins.is_empty(), "all are refused");
    assert!(
        resident < warm + SLACK_KIB,
        "{warm} KiB became {resident} KiB"
    );
    compile(plugins).await;
}

/// Loads what still is a plugin. It is well or refused; a worker that crashed would be a finding.
async fn compile(plugins: Vec<(u64, Package)>) {
    let worker = CompileWorker::new(env!("CARGO_BIN_EXE_worker-real")).unwrap();
    let policy: Policy = limits(|limits| limits.wall_ms = 1_000);
    let rig = Rig::with(policy, |builder| builder.compile_worker(worker));
    let (mut loaded, mut refused) = (0, 0);
    for (round, package) in plugins {
        let begin = Instant::now();
        match rig.try_load(package).await {
            Ok(_) => loaded += 1,
            Err(LoadError::ShuttingDown | LoadError::Panicked) => {
                unreachable!("mutation {round} broke the host")
            }
            Err(error) => {
                refused += 1;
                println!("mutation {round}: {error}");
            }
        }
        let took = begin.elapsed();
        assert!(took < LOADED_SOON, "mutation {round} took {took:?} to load");
    }
    println!("{loaded} loaded, {refused} refused");
}
