//! What is made from the lists.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{Ended, command, portcullis, root};

/// Proves P1 and P2: all permissions, groups, capabilities and extensions are listed.
#[test]
fn everything_is_listed() {
    let lists = portcullis(["permissions", "--format", "json"])
        .status(0)
        .json();
    let ids = |list: &str| -> Vec<String> {
        let rows = lists[list].as_array().unwrap();
        rows.iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        ids("permissions").len(),
        portcullis::permission::PERMISSIONS.len()
    );
    assert_eq!(ids("groups").len(), portcullis::permission::GROUPS.len());
    assert_eq!(
        ids("capabilities").len(),
        portcullis::capability::DESCRIPTORS.len()
    );
    assert_eq!(
        ids("extensions").len(),
        portcullis::extension::DESCRIPTORS.len()
    );
    let text = portcullis(["permissions"]).status(0).stdout;
    for id in ids("permissions") {
        assert!(text.contains(&id), "{id}");
    }
}

/// The schema in the repository is the one that the types make; a file that differs is told.
#[test]
fn the_schema_is_up_to_date() {
    let schema = root().join("schema/plugin.schema.json");
    portcullis(["schema", "--check", schema.to_str().unwrap()]).status(0);
    let ended = portcullis(["schema", "--check", "Cargo.toml"]).status(1);
    assert!(
        ended.stderr.contains("xtask schema --write"),
        "{}",
        ended.stderr
    );
}

/// The generated parts of the documentation: written where the marks are, and told when they are old.
#[test]
fn the_documentation_is_generated() {
    let project = tempfile::TempDir::new().unwrap();
    let path = |file: &str| project.path().join(file);
    for file in [
        "xtask/Cargo.toml",
        "guest-examples/Cargo.toml",
        "tests/guests/Cargo.toml",
    ] {
        std::fs::create_dir_all(path(file).parent().unwrap()).unwrap();
        std::fs::write(path(file), "").unwrap();
    }
    let docs = |what: &str| {
        let mut command = command(["docs", what]);
        Ended::of(command.current_dir(project.path()).output().unwrap())
    };
    std::fs::write(
        path("SECURITY.md"),
        "# S\n<!-- limits:begin -->\n<!-- limits:end -->\n<!-- scan-limits:begin -->\n<!-- scan-limits:end -->\n# T\n",
    )
    .unwrap();
    std::fs::write(path("README.md"), "# A\n").unwrap();
    assert!(
        docs("--write")
            .status(2)
            .stderr
            .contains("permissions:begin")
    );
    std::fs::write(
        path("README.md"),
        "# A\n<!-- permissions:begin -->\nold\n<!-- permissions:end -->\n# B\n",
    )
    .unwrap();
    assert!(docs("--check").status(1).stderr.contains("docs --write"));
    docs("--write").status(0);
    docs("--check").status(0);
    let readme = std::fs::read_to_string(path("README.md")).unwrap();
    assert!(readme.contains("| `session:write` |") && readme.ends_with("# B\n"));
    let security = std::fs::read_to_string(path("SECURITY.md")).unwrap();
    for part in [
        "| `wall_ms` | `1000` |",
        "| `PACKAGE_BYTES` | 64 MiB |",
        "| `LOCALS` | 5,000,000 |",
    ] {
        assert!(security.contains(part), "{part}: {security}");
    }
    assert!(security.ends_with("# T\n"));
    let reference = std::fs::read_to_string(path("docs/reference.md")).unwrap();
    for part in [
        "`wall_ms`",
        "interface conditions",
        "`timed-out`",
        "`namespaces`",
    ] {
        assert!(reference.contains(part), "{part}");
    }
}
