//! Compiled code on disk is used when it is exactly what this host wrote for exactly these bytes, and compiled again otherwise.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use portcullis::engine::{CacheKey, CompileCache};
use portcullis::{Outcome, Policy};
use portcullis_tests::{Rig, limits, plugin};
use serde_json::json;

const KEY: [u8; 32] = [1; 32];

/// Loads a plugin on a host with a cache there, and calls it.
async fn load(directory: &Path, key: [u8; 32], policy: Policy, name: &str, condition: &str) {
    let cache = CompileCache::open(directory, CacheKey::new(key)).unwrap();
    let rig = Rig::with(policy, |builder| builder.compile_cache(cache));
    let plugin = rig.load_package(plugin(name)).await;
    let receipt = rig.ask(&plugin, condition, json!({})).await;
    assert_eq!(
        (receipt.outcome, receipt.reply),
        (Outcome::Returned, Some(true)),
        "{receipt}"
    );
}

async fn load_noop(directory: &Path) {
    load(directory, KEY, limits(|_| {}), "noop", "noop").await;
}

fn metered() -> Policy {
    limits(|limits| limits.fuel = Some(1_000_000))
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    entries
}

/// The one entry that is there.
fn entry(directory: &Path) -> PathBuf {
    let entries = entries(directory);
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.into_iter().next().unwrap()
}

fn written(file: &Path) -> SystemTime {
    file.metadata().unwrap().modified().unwrap()
}

/// Proves X6: what was compiled is used again, by another host as well.
#[tokio::test(flavor = "multi_thread")]
async fn compiled_code_is_used_again() {
    let directory = tempfile::tempdir().unwrap();
    load_noop(directory.path()).await;
    let entry = entry(directory.path());
    let (first, code) = (written(&entry), std::fs::read(&entry).unwrap());
    load_noop(directory.path()).await;
    assert_eq!(
        (written(&entry), std::fs::read(&entry).unwrap()),
        (first, code)
    );
}

/// Proves X6: an entry with one flipped bit, wherever it is, one that is cut short and one that is too long are compiled again.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_entry_is_rebuilt() {
    let directory = tempfile::tempdir().unwrap();
    load_noop(directory.path()).await;
    let entry = entry(directory.path());
    let good = std::fs::read(&entry).unwrap();
    let len = good.len();
    let mut places: Vec<usize> = (0..12).map(|part| part * len / 12).collect();
    places.extend([1, len - 33, len - 32, len - 1]);
    let mut damaged: Vec<Vec<u8>> = Vec::new();
    for place in places {
        let mut bytes = good.clone();
        *bytes.get_mut(place).unwrap() ^= 1 << (place % 8);
        damaged.push(bytes);
    }
    damaged.extend([
        Vec::new(),
        vec![0; 31],
        good.get(..len - 1).unwrap().to_vec(),
        [&good[..], &[0]].concat(),
    ]);
    for bytes in damaged {
        std::fs::write(&entry, &bytes).unwrap();
        load_noop(directory.path()).await;
        assert!(
            std::fs::read(&entry).unwrap() == good,
            "an entry of {} bytes was not rebuilt",
            bytes.len()
        );
    }
}

/// Proves X6: code that was written under another key is not trusted.
#[tokio::test(flavor = "multi_thread")]
async fn another_key_is_another_cache() {
    let directory = tempfile::tempdir().unwrap();
    load_noop(directory.path()).await;
    let entry = entry(directory.path());
    let first = std::fs::read(&entry).unwrap();
    load(directory.path(), [2; 32], limits(|_| {}), "noop", "noop").await;
    let second = std::fs::read(&entry).unwrap();
    assert!(first != second, "the MAC is another one");
    load_noop(directory.path()).await;
    assert!(std::fs::read(&entry).unwrap() == first);
}

/// Proves X6: the engines do not mix their code, and neither do plugins, whatever the files are named.
#[tokio::test(flavor = "multi_thread")]
async fn entries_do_not_stand_in_for_each_other() {
    let directory = tempfile::tempdir().unwrap();
    load_noop(directory.path()).await;
    let clock = entry(directory.path());
    load(directory.path(), KEY, metered(), "noop", "noop").await;
    let both = entries(directory.path());
    let fuel = both.iter().find(|file| **file != clock).unwrap();
    let (by_clock, by_fuel) = (std::fs::read(&clock).unwrap(), std::fs::read(fuel).unwrap());
    std::fs::write(&clock, &by_fuel).unwrap();
    std::fs::write(fuel, &by_clock).unwrap();
    load_noop(directory.path()).await;
    load(directory.path(), KEY, metered(), "noop", "noop").await;
    assert!(std::fs::read(&clock).unwrap() == by_clock && std::fs::read(fuel).unwrap() == by_fuel);

    load(
        directory.path(),
        KEY,
        limits(|_| {}),
        "optional-session-write",
        "has-write",
    )
    .await;
    let other = entries(directory.path())
        .into_iter()
        .find(|file| !both.contains(file))
        .unwrap();
    std::fs::copy(&other, &clock).unwrap();
    load_noop(directory.path()).await;
    assert!(std::fs::read(&clock).unwrap() == by_clock);
}

/// Proves X6: a cache that cannot be written costs time and nothing else.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_is_gone_costs_time_only() {
    let directory = tempfile::tempdir().unwrap();
    let inside = directory.path().join("cache");
    let cache = CompileCache::open(&inside, CacheKey::new(KEY)).unwrap();
    std::fs::remove_dir(&inside).unwrap();
    let rig = Rig::with(limits(|_| {}), |builder| builder.compile_cache(cache));
    let noop = rig.load("noop").await;
    assert_eq!(rig.ask(&noop, "noop", json!({})).await.reply, Some(true));
}

/// Proves X6: a key is made once, is the user's alone, and a file that is no key is refused.
#[test]
fn keys_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("keys/compile");
    CacheKey::load_or_create(&file).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    CacheKey::load_or_create(&file).unwrap();
    assert_eq!((bytes.len(), std::fs::read(&file).unwrap()), (32, bytes));
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions()) & 0o777,
        0o600
    );
    std::fs::write(&file, b"short").unwrap();
    assert!(CacheKey::load_or_create(&file).is_err());
}
