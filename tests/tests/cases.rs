//! The golden folders of `tests/cases`. `BLESS=1` writes what each case comes to into its `expected.json`.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use futures_util::{StreamExt, stream};
use portcullis_tests::case;
use serde_json::Value;

fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(of)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Proves what each case names in `proves`: for every capability what happens where it is granted, not granted and asked for too much; for
/// every extension what happens when it works, fails and does not end.
#[tokio::test(flavor = "multi_thread")]
async fn every_case_comes_to_what_is_expected() {
    let cases = portcullis_tests::plugins::root().join("tests/cases");
    let bless = std::env::var_os("BLESS").is_some();
    let all: Vec<_> = folders(&cases)
        .iter()
        .flat_map(|area| folders(area))
        .collect();
    // A few at once: cases wait for deadlines, and must not miss them because of each other.
    let mut running = stream::iter(all)
        .map(|folder| tokio::spawn(async move { (case::run(&folder).await, folder) }))
        .buffered(4);
    let mut wrong = Vec::new();
    while let Some(case) = running.next().await {
        let (found, folder) = case.unwrap();
        let file = folder.join("expected.json");
        if bless {
            std::fs::write(&file, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
            continue;
        }
        let expected: Value =
            serde_json::from_str(&std::fs::read_to_string(&file).unwrap_or_default())
                .unwrap_or_default();
        if expected != found {
            let name = folder.strip_prefix(&cases).unwrap().display().to_string();
            wrong.push(format!("{name}: expected {expected:#}\nfound {found:#}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nBLESS=1 accepts what was found",
        wrong.join("\n")
    );
}
