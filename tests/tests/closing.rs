//! What holds for every entry of the lists: documented, used by a plugin, tested, named in the reference.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;

use portcullis::package::{InterfaceName, Scan, ScanLimits};
use portcullis_tests::plugins::root;

fn files(folder: &Path, extension: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; run `cargo xtask build` first",
            folder.display()
        )
    });
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files
}

/// Each function and interface of a WIT file has a line of documentation above it.
#[test]
fn the_contract_is_documented() {
    let own = |wit: &str| wit.contains("package portcullis:plugin@");
    let catalogue = portcullis::catalogue();
    let capabilities = catalogue.capabilities().iter().map(|room| room.wit);
    let texts = capabilities
        .chain(catalogue.extensions().iter().map(|room| room.wit))
        .filter(|wit| own(wit));
    let mut documented = 0;
    for wit in texts {
        let lines: Vec<_> = wit.lines().map(str::trim).collect();
        for (line, before) in lines.iter().skip(1).zip(&lines) {
            if line.contains(": func(") || line.starts_with("interface ") {
                assert!(before.starts_with("///"), "not documented: {line}");
                documented += 1;
            }
        }
    }
    assert!(documented > 30, "{documented}");
}

/// Each file of `wit/` is the contract of one room, but for the shared types; functions stand in interfaces only.
#[test]
fn each_wit_file_is_one_room() {
    let catalogue = portcullis::catalogue();
    let capabilities = catalogue
        .capabilities()
        .iter()
        .map(|room| (room.id, room.wit));
    let rooms: Vec<_> = capabilities
        .chain(
            catalogue
                .extensions()
                .iter()
                .map(|room| (room.id, room.wit)),
        )
        .collect();
    for file in files(&root().join("wit"), "wit") {
        let text = std::fs::read_to_string(&file).unwrap();
        let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if stem != "types" {
            assert!(
                rooms.contains(&(stem.as_str(), text.as_str())),
                "{} belongs to no room",
                file.display()
            );
        }
        let mut world = false;
        for line in text.lines() {
            world = if line.starts_with("world ") {
                true
            } else {
                world && line != "}"
            };
            assert!(
                !world || !line.contains("func("),
                "{}: a function outside of any interface: {line}",
                file.display()
            );
        }
    }
}

/// The interfaces that built plugins import and export, without versions.
fn used(folder: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for file in files(&root().join(folder), "wasm") {
        // Some are built to be refused by the scan.
        let Ok(scan) = Scan::of(&std::fs::read(file).unwrap()) else {
            continue;
        };
        let names = scan
            .imports
            .iter()
            .map(|import| &import.name)
            .chain(scan.exports.iter().map(|export| &export.name));
        used.extend(names.filter_map(|name| Some(InterfaceName::parse(name)?.interface)));
    }
    used
}

/// Proves D4: what the host offers is used by a plugin, and what the examples can show they show.
#[test]
fn every_room_is_used_by_a_plugin() {
    let (examples, guests) = (used("target/plugins"), used("target/plugins/tests"));
    let catalogue = portcullis::catalogue();
    for room in catalogue.capabilities() {
        let mut gates = room.gates.iter();
        let own = room.id != "wasi";
        let is_used = |interface: &str| examples.contains(interface) || guests.contains(interface);
        let all = gates.all(|gate| is_used(gate.interface) || !own)
            && room.gates.iter().any(|gate| is_used(gate.interface));
        assert!(all, "no plugin imports all of `{}`", room.id);
    }
    for room in catalogue.extensions() {
        assert!(
            examples.contains(room.export) || guests.contains(room.export),
            "no plugin exports `{}`",
            room.export
        );
    }
    for shown in [
        "log",
        "world-read",
        "session-read",
        "session-write",
        "npc-read",
        "conditions",
        "effects",
        "simulation",
        "candidates",
        "scoring",
        "lifecycle",
    ] {
        assert!(
            examples.contains(&format!("portcullis:plugin/{shown}")),
            "no example uses `{shown}`"
        );
    }
}

/// Each capability has cases for what it does when granted, not granted and asked for too much; each extension for when it works, fails and does
/// not end.
#[test]
fn every_room_has_its_cases() {
    let cases = root().join("tests/cases");
    let has = |room: &str, names: &[&str]| {
        for name in names {
            let case = cases.join(room).join(name);
            assert!(
                case.join("case.toml").is_file() && case.join("expected.json").is_file(),
                "{} is missing",
                case.display()
            );
        }
    };
    let catalogue = portcullis::catalogue();
    for room in catalogue.capabilities() {
        match room.gates.iter().any(|gate| gate.permission.is_some()) {
            true => has(
                room.id,
                &[
                    "granted",
                    "not-granted",
                    "not-accepted",
                    "optional-stubbed",
                    "out-of-scope",
                ],
            ),
            false => has(room.id, &["open"]),
        }
    }
    for room in catalogue.extensions() {
        has(room.id, &["works", "fails", "times-out"]);
        if room.permission.is_some() {
            has(room.id, &["not-accepted"]);
        }
    }
}

/// A reference that leaves something out is worse than none.
#[test]
fn the_reference_names_everything() {
    let Ok(reference) = std::fs::read_to_string(root().join("docs/reference.md")) else {
        return;
    };
    let catalogue = portcullis::catalogue();
    let rooms = catalogue
        .capabilities()
        .iter()
        .map(|room| room.id)
        .chain(catalogue.extensions().iter().map(|room| room.id));
    let permissions = catalogue.permissions().map(|permission| permission.id);
    let groups = catalogue.groups().map(|group| group.id);
    for name in rooms.chain(permissions).chain(groups) {
        assert!(
            reference.contains(&format!("`{name}`")),
            "docs/reference.md does not name `{name}`"
        );
    }
}

/// A guest that no test runs is dead weight, and one that the README does not name is a riddle.
#[test]
fn every_guest_is_used_by_a_test() {
    let guests = root().join("tests/guests");
    let mut tests = String::new();
    for folder in [
        "tests/tests",
        "tests/embedder/tests",
        "services/agent/tests/common",
    ] {
        for file in files(&root().join(folder), "rs") {
            tests.push_str(&std::fs::read_to_string(file).unwrap());
        }
    }
    for area in std::fs::read_dir(root().join("tests/cases")).unwrap() {
        for case in std::fs::read_dir(area.unwrap().path()).unwrap() {
            tests.push_str(
                &std::fs::read_to_string(case.unwrap().path().join("case.toml")).unwrap(),
            );
        }
    }
    let readme = std::fs::read_to_string(guests.join("README.md")).unwrap();
    let crates = std::fs::read_dir(&guests)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let crates = crates.filter(|path| path.join("Cargo.toml").is_file());
    let text = files(&guests.join("wat"), "wat").into_iter();
    for guest in crates.chain(text) {
        let name = guest.file_stem().unwrap().to_str().unwrap();
        assert!(
            tests.contains(&format!("\"{name}\"")),
            "no test uses the guest `{name}`"
        );
        assert!(
            readme.contains(&format!("`{name}`")) || readme.contains(&format!("`wat/{name}`")),
            "the README does not name `{name}`"
        );
    }
}

/// SECURITY.md promises numbers. They are those of the code, and each limit is there with its own.
#[test]
fn the_promises_have_the_numbers_of_the_code() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let security = read("SECURITY.md");
    let row = |name: &str| {
        let start = format!("| `{name}` | ");
        let row = security.lines().find_map(|line| line.strip_prefix(&start));
        row.unwrap_or_else(|| panic!("SECURITY.md does not have the limit `{name}`"))
    };
    let limits = serde_json::to_value(portcullis::Limits::default()).unwrap();
    for (name, value) in limits.as_object().unwrap() {
        let shown = match value.is_null() {
            true => "none".to_owned(),
            false => format!("`{value}`"),
        };
        assert!(row(name).starts_with(&shown), "{name}: not {shown}");
    }
    for (name, value, about) in ScanLimits::ALL {
        let (most, told) = row(name).split_once(" | ").unwrap();
        let plain: u64 = match most.strip_suffix(" MiB") {
            Some(mib) => mib.parse::<u64>().unwrap() << 20,
            None => most.replace(',', "").parse().unwrap(),
        };
        assert_eq!(plain, *value, "{name}");
        assert!(
            about.contains(most),
            "{name}: {most} is not what it says of itself: {about}"
        );
        assert!(told.starts_with(about.trim()), "{name}: {told}");
    }
    // What the prose says, and where it comes from.
    let kib = portcullis::Manifest::MAX_BYTES / 1024;
    let slots = portcullis::engine::SLOTS;
    for said in [format!("at most {kib} KiB"), format!("{slots} slots")] {
        assert!(security.contains(&said), "{said}");
    }
    for (said, path, code) in [
        (
            "waits 10 seconds",
            "runtime/src/engine/effect.rs",
            "PATIENCE: Duration = Duration::from_secs(10)",
        ),
        (
            "looked at each millisecond",
            "runtime/src/engine/ticker.rs",
            "TICK: Duration = Duration::from_millis(1)",
        ),
        (
            "coarse, one millisecond",
            "runtime/src/capability/wasi/clocks.rs",
            "TICK: Duration = Duration::from_millis(1)",
        ),
        (
            "at most 2 MiB of each memory",
            "runtime/src/engine/config.rs",
            "MEMORY_KEEP_RESIDENT: usize = 2 * 1024 * 1024",
        ),
        (
            "64 KiB of each table",
            "runtime/src/engine/config.rs",
            "TABLE_KEEP_RESIDENT: usize = 64 * 1024",
        ),
    ] {
        let prose = security.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(prose.contains(said), "SECURITY.md does not say: {said}");
        assert!(read(path).contains(code), "{said}: {path} has no `{code}`");
    }
}
