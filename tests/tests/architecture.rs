//! What ARCHITECTURE.md says of the code, checked by reading it.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use portcullis_tests::plugins::root;

/// The Rust files below a folder, without those that are built.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{}", folder.display());
    found
}

/// A file of `runtime/src` without its tests and comments.
struct Code {
    name: String,
    lines: Vec<(usize, String)>,
}

fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.contains("/tests/")
}

/// The code that ships with the runtime.
fn runtime() -> Vec<Code> {
    let folder = root().join("runtime/src");
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let shipped = text
            .lines()
            .enumerate()
            .take_while(|(_, line)| line.trim() != "#[cfg(test)]");
        let lines = shipped.filter(|(_, line)| !line.trim_start().starts_with("//"));
        Code {
            name: path.strip_prefix(&folder).unwrap().display().to_string(),
            lines: lines
                .map(|(number, line)| (number + 1, line.to_owned()))
                .collect(),
        }
    };
    let mut code: Vec<_> = sources(&folder).iter().map(read).collect();
    code.retain(|code| !is_test(&code.name));
    code
}

impl Code {
    fn text(&self) -> String {
        self.lines
            .iter()
            .map(|(_, line)| format!("{line}\n"))
            .collect()
    }

    /// `engine/call.rs` belongs to `engine`.
    fn module(&self) -> &str {
        self.name.split(['/', '.']).next().unwrap()
    }

    /// What the code names by `crate::`.
    fn named(&self) -> Vec<String> {
        let text = self.text();
        let mut named = Vec::new();
        for after in text.split("crate::").skip(1) {
            match after.strip_prefix('{') {
                Some(_) => panic!("{}: one `use crate::` a line, please", self.name),
                None => named.push(
                    after
                        .chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '_')
                        .collect(),
                ),
            }
        }
        named
    }
}

/// The floors, as `lib.rs` lists them.
fn floors() -> BTreeMap<String, u32> {
    let text = std::fs::read_to_string(root().join("runtime/src/lib.rs")).unwrap();
    let (mut floor, mut floors) = (0, BTreeMap::new());
    for line in text.lines() {
        if let Some(number) = line.strip_prefix("// Floor ") {
            floor = number.trim_end_matches('.').parse().unwrap();
        } else if let Some(module) = line.strip_prefix("pub mod ") {
            floors.insert(module.trim_end_matches(';').to_owned(), floor);
        }
    }
    floors
}

#[test]
fn modules_import_lower_floors_only() {
    let floors = floors();
    for (module, floor) in [
        ("package", 1),
        ("grant", 1),
        ("capability", 2),
        ("engine", 3),
        ("extension", 4),
        ("observe", 4),
        ("host", 5),
    ] {
        assert_eq!(floors.get(module), Some(&floor), "{module}");
    }
    for code in runtime().iter().filter(|code| code.name != "lib.rs") {
        let own = floors
            .get(code.module())
            .unwrap_or_else(|| panic!("{}: on which floor?", code.name));
        for named in code.named() {
            let other = floors.get(&named).unwrap_or_else(|| {
                panic!("{}: `crate::{named}` is no module of a floor", code.name)
            });
            assert!(
                other <= own,
                "{} on floor {own} imports `{named}` of floor {other}",
                code.name
            );
        }
    }
}

#[test]
fn the_first_floor_is_data_only() {
    let floors = floors();
    for code in runtime()
        .iter()
        .filter(|code| floors.get(code.module()) == Some(&1))
    {
        for (number, line) in &code.lines {
            for word in ["wasmtime", "std::fs", "std::net", "tokio", "async "] {
                assert!(!line.contains(word), "{}:{number}: {word}", code.name);
            }
        }
    }
}

#[test]
fn observers_see_receipts_only() {
    for code in runtime().iter().filter(|code| code.module() == "observe") {
        for line in code
            .text()
            .lines()
            .filter(|line| line.contains("crate::engine"))
        {
            assert!(
                line.contains("crate::engine::Observer"),
                "{}: {line}",
                code.name
            );
        }
    }
}

/// The rooms of a folder: a module for each entry of the list.
fn rooms(folder: &str, ids: impl Iterator<Item = &'static str>) -> Vec<String> {
    let rooms: Vec<_> = ids.map(|id| id.replace('-', "_")).collect();
    for room in &rooms {
        let place = root().join("runtime/src").join(folder);
        assert!(
            place.join(format!("{room}.rs")).is_file() || place.join(room).is_dir(),
            "{folder}/{room}"
        );
    }
    rooms
}

#[test]
fn rooms_do_not_import_each_other() {
    let catalogue = portcullis::catalogue();
    let capabilities = rooms(
        "capability",
        catalogue.capabilities().iter().map(|room| room.id),
    );
    let extensions = rooms(
        "extension",
        catalogue.extensions().iter().map(|room| room.id),
    );
    for (folder, rooms) in [("capability", capabilities), ("extension", extensions)] {
        for code in runtime().iter().filter(|code| code.module() == folder) {
            let own = code.name.split(['/', '.']).nth(1).unwrap();
            if !rooms.iter().any(|room| room == own) {
                continue;
            }
            for other in rooms.iter().filter(|room| *room != own) {
                for path in [
                    format!("super::{other}::"),
                    format!("crate::{folder}::{other}::"),
                ] {
                    assert!(!code.text().contains(&path), "{} imports {path}", code.name);
                }
            }
        }
    }
}

#[test]
fn no_code_outside_of_a_room_knows_a_plugin() {
    for code in runtime() {
        for plugin in ["stealth", "romance", "performance", "hostile"] {
            assert!(
                !code.text().contains(&format!("\"{plugin}\"")),
                "{} names the plugin {plugin}",
                code.name
            );
        }
    }
}

#[test]
fn files_are_short() {
    for folder in [
        "runtime",
        "sdk",
        "services",
        "xtask",
        "tests",
        "guest-examples",
    ] {
        for path in sources(&root().join(folder)) {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            assert!(
                lines <= 400,
                "{} has {lines} lines; split it",
                path.display()
            );
        }
    }
}

/// What may end the host is there for a reason, which stands beside it.
#[test]
fn what_may_panic_gives_its_reason() {
    for code in runtime() {
        let lines: Vec<_> = code.lines.iter().map(|(_, line)| line.as_str()).collect();
        for (index, (number, line)) in code.lines.iter().enumerate() {
            if ![
                ".unwrap()",
                ".expect(",
                "panic!(",
                "unreachable!(",
                "todo!(",
            ]
            .iter()
            .any(|may| line.contains(may))
            {
                continue;
            }
            let before = lines
                .get(index.saturating_sub(20)..index)
                .unwrap()
                .join("\n");
            let excused = before
                .rsplit_once("#[expect(")
                .is_some_and(|(_, reason)| reason.contains("reason = "));
            assert!(excused, "runtime/src/{}:{number}: {line}", code.name);
        }
    }
}

/// Clippy keeps the rule above in every crate.
#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let workspace: toml::Table = text.parse().unwrap();
    for lint in ["unwrap_used", "expect_used", "panic", "indexing_slicing"] {
        assert!(text.contains(&format!("{lint} = \"warn\"")), "{lint}");
    }
    let members = workspace
        .get("workspace")
        .and_then(|table| table.get("members"))
        .unwrap();
    for member in members.as_array().unwrap() {
        let manifest = root().join(member.as_str().unwrap()).join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        assert!(
            text.contains("[lints]\nworkspace = true"),
            "{}",
            manifest.display()
        );
    }
}
