//! The demo is killed at any moment, again and again: its state opens each time, whole, with all that was acknowledged.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// How often the demo is killed; `PORTCULLIS_KILLS` says otherwise.
const KILLS: u64 = 6;

fn portcullis(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command
        .args(arguments)
        .arg("--state")
        .arg(directory.join("state.db"))
        .arg("--receipts")
        .arg(directory.join("receipts.jsonl"));
    command
}

/// Proves C16 and the commit's promise: after `kill -9` the state opens, its history replays to exactly what is stored, and every receipt of a
/// committed call has all of its changes there.
#[test]
fn killed_at_any_moment_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let kills = std::env::var("PORTCULLIS_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let mut chance = u64::from(std::process::id());
    println!("seed {chance}");
    let mut hours = 0;
    for kill in 0..kills {
        let mut demo = portcullis(
            directory.path(),
            &["demo", "--no-build", "--ticks", "1000000"],
        )
        .current_dir(common::root())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        thread::sleep(Duration::from_millis(100 + (chance >> 33) % 3_500));
        demo.kill().unwrap();
        demo.wait().unwrap();
        if directory.path().join("state.db").exists() {
            hours = check(directory.path(), kill);
        }
    }
    let receipts = fs::read_to_string(directory.path().join("receipts.jsonl")).unwrap();
    println!(
        "{kills} kills, {hours} hours, {} receipts",
        receipts.lines().count()
    );
    assert!(hours > 0, "the demo never came to do anything");
}

/// Checks the state; gives the hours that its worlds have behind them.
fn check(directory: &Path, kill: u64) -> u64 {
    let checked = portcullis(directory, &["state", "check", "--format", "json"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&checked.stdout);
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "after kill {kill}: {text}{said}");
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["replayed"], Value::Bool(true), "{text}");
    let worlds = report["worlds"].as_array().unwrap();
    worlds
        .iter()
        .map(|world| world["hour"].as_u64().unwrap())
        .sum()
}
