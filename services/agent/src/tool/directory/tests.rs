#![allow(clippy::unwrap_used, clippy::panic)]

use super::work::FILE_BYTES;
use super::*;
use crate::tool::Toolbox;

fn fill() -> (tempfile::TempDir, Toolbox) {
    let place = tempfile::tempdir().unwrap();
    let inside = place.path().join("inside");
    std::fs::create_dir_all(inside.join("src")).unwrap();
    std::fs::write(place.path().join("secret"), "outside").unwrap();
    std::fs::write(inside.join("a.txt"), "hello").unwrap();
    std::fs::write(inside.join("src/b.bin"), [0xff, 0xfe]).unwrap();
    let tools = Directory::open(&inside).unwrap().writing();
    (place, Toolbox::new().with_all(tools).unwrap())
}

/// What a tool says, or what it says went wrong.
async fn run(tools: &Toolbox, tool: &str, arguments: Value) -> String {
    let arguments = tools.check(tool, &arguments).unwrap();
    match tools.find(tool).unwrap().run(arguments).await {
        Ok(said) => said,
        Err(error) => format!("error: {error}"),
    }
}

#[tokio::test]
async fn files_are_listed_read_and_written() {
    let (_place, tools) = fill();
    let all = run(&tools, "list_files", json!({})).await;
    assert_eq!(all, "a.txt (5)\nsrc/b.bin (2)");
    assert_eq!(
        run(&tools, "list_files", json!({"path": "src"})).await,
        "b.bin (2)"
    );
    let at = |path: &str| json!({ "path": path });
    assert_eq!(run(&tools, "read_file", at("a.txt")).await, "hello");
    let written = json!({"path": "new/c.txt", "text": "grüße"});
    let said = run(&tools, "write_file", written).await;
    assert_eq!(said, "7 bytes were written to new/c.txt");
    assert_eq!(run(&tools, "read_file", at("new/c.txt")).await, "grüße");
    let files = run(&tools, "list_files", at("new")).await;
    assert_eq!(files, "c.txt (7)", "nothing else is left");
}

#[tokio::test]
async fn what_goes_wrong_is_told_without_the_machines_paths() {
    let (place, tools) = fill();
    for (path, why) in [
        ("none", "no such file"),
        ("src", "is a directory"),
        ("src/b.bin", "something else than text"),
        ("a.txt/x", "no directory"),
    ] {
        let said = run(&tools, "read_file", json!({ "path": path })).await;
        assert!(said.contains(why), "{path}: {said}");
        assert!(
            !said.contains(place.path().to_str().unwrap()),
            "{path}: {said}"
        );
    }
    let long = json!({"path": "long", "text": "x".repeat(FILE_BYTES as usize + 1)});
    let said = run(&tools, "write_file", long).await;
    assert!(said.contains("more than"), "{said}");
    let arguments = tools.check("read_file", &json!({"path": "a", "mode": "x"}));
    assert!(arguments.is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn the_directory_cannot_be_left() {
    let (place, tools) = fill();
    let inside = place.path().join("inside");
    std::os::unix::fs::symlink("../secret", inside.join("link")).unwrap();
    std::os::unix::fs::symlink("..", inside.join("up")).unwrap();
    let absolute = place.path().join("secret");
    let paths = ["../secret", "link", "up/secret", absolute.to_str().unwrap()];
    for path in paths {
        let read = run(&tools, "read_file", json!({ "path": path })).await;
        assert!(read.starts_with("error"), "{path}: {read}");
    }
    for path in ["../new", "up/new", absolute.to_str().unwrap()] {
        let write = json!({"path": path, "text": "x"});
        let wrote = run(&tools, "write_file", write).await;
        assert!(wrote.starts_with("error"), "{path}: {wrote}");
    }
    let listed = run(&tools, "list_files", json!({"path": "up"})).await;
    assert!(listed.starts_with("error"), "{listed}");
    let kept = std::fs::read_to_string(absolute).unwrap();
    assert_eq!(kept, "outside");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 2);
}

/// Files of a user's own stay what they are, also those whose names are guessed.
#[cfg(unix)]
#[tokio::test]
async fn writing_touches_one_file() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let (place, tools) = fill();
    let inside = place.path().join("inside");
    std::fs::write(inside.join("kept"), "kept").unwrap();
    std::fs::write(inside.join("a.txt.new"), "mine").unwrap();
    symlink("kept", inside.join("b.txt.new")).unwrap();
    let script = inside.join("a.txt");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o750)).unwrap();
    for path in ["a.txt", "b.txt"] {
        let said = run(&tools, "write_file", json!({"path": path, "text": "new"})).await;
        assert!(!said.starts_with("error"), "{said}");
    }
    let read = |name: &str| std::fs::read_to_string(inside.join(name)).unwrap();
    assert_eq!((read("a.txt"), read("b.txt")), ("new".into(), "new".into()));
    assert_eq!(
        (read("a.txt.new"), read("kept")),
        ("mine".into(), "kept".into())
    );
    let mode = std::fs::metadata(&script).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o750);

    // A directory cannot be replaced: nothing is left of the attempt.
    let before = std::fs::read_dir(&inside).unwrap().count();
    let said = run(&tools, "write_file", json!({"path": "src", "text": "x"})).await;
    assert!(said.starts_with("error"), "{said}");
    assert_eq!(std::fs::read_dir(&inside).unwrap().count(), before);
}

#[test]
fn work_that_nobody_waits_for_ends() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("a"), "old").unwrap();
    let directory = Directory::open(place.path()).unwrap().0;
    let (cancel, waits) = Cancel::pair();
    assert!(write(&directory, "a", "new", &cancel).is_ok());
    drop(waits);
    assert!(write(&directory, "a", "late", &cancel).is_err());
    assert!(write(&directory, "new/b", "late", &cancel).is_err());
    assert!(read(&directory, "a", &cancel).is_err());
    assert!(list(&directory, ".", &cancel).is_err());
    let left = std::fs::read_to_string(place.path().join("a")).unwrap();
    assert_eq!(left, "new");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
}
