//! What fuzzing begins with and what it has found, again: each file goes through the body of its target.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use portcullis_properties::BODIES;
use portcullis_tests::plugins::root;

/// Targets whose bodies need a feature that is off in this workspace. Their findings are kept here as the components that they made.
const ELSEWHERE: [&str; 1] = ["smith"];

fn entries(folder: &str) -> Vec<PathBuf> {
    let folder = root().join(folder);
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut entries: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// Proves X3: what was found once is not found again.
#[test]
fn seeds_and_findings_hold() {
    let mut run = 0;
    for (target, body) in BODIES {
        for folder in ["seeds", "regressions"] {
            for file in entries(&format!("fuzz/{folder}/{target}")) {
                eprintln!("{}", file.display());
                body(&std::fs::read(&file).unwrap());
                run += 1;
            }
        }
    }
    assert!(run >= 50, "{run} files");
}

/// A folder without a target would never be run.
#[test]
fn every_folder_has_its_target() {
    let bodies = BODIES.iter().map(|(name, _)| *name);
    let known: BTreeSet<_> = bodies.chain(ELSEWHERE).map(str::to_owned).collect();
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let targets: BTreeSet<_> = entries("fuzz/fuzz_targets").iter().map(name).collect();
    assert_eq!(targets, known);
    for folder in ["fuzz/seeds", "fuzz/regressions"] {
        for path in entries(folder).iter().filter(|path| path.is_dir()) {
            assert!(known.contains(&name(path)), "{}", path.display());
        }
    }
    for (target, _) in BODIES {
        assert!(
            !entries(&format!("fuzz/seeds/{target}")).is_empty(),
            "no seeds for `{target}`"
        );
    }
    let bytes = entries("fuzz/seeds")
        .into_iter()
        .flat_map(|folder| entries(folder.to_str().unwrap()));
    let bytes: u64 = bytes.map(|file| file.metadata().unwrap().len()).sum();
    assert!(bytes <= 300 * 1024, "{bytes} bytes of seeds");
}
