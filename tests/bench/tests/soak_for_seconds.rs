//! The soak, for seconds: it begins, rests, counts, judges and draws.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::process::Command;

/// Proves X2, X3: good and hostile plugins at full load leave no descriptor, thread or child behind, lose no receipt and make no panic. Whether memory
/// is flat takes longer to tell.
#[test]
fn seconds_of_load_leave_nothing_behind() {
    let directory = tempfile::TempDir::new().unwrap();
    let svg = directory.path().join("soak.svg");
    let soak = Command::new(env!("CARGO_BIN_EXE_portcullis-soak"))
        .args(["--minutes", "0.1", "--svg"])
        .arg(&svg)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&soak.stdout);
    assert!(
        soak.status.success(),
        "{told}\n{}",
        String::from_utf8_lossy(&soak.stderr)
    );
    for line in [
        "receipts lost: 0 (0): ok",
        "panics of the host: 0 (0): ok",
        "not judged, the run is too short",
        "\nflat\n",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let drawn = std::fs::read_to_string(&svg).unwrap();
    assert!(drawn.contains("<polyline") && drawn.ends_with("</svg>\n"));
}

/// A time that makes no sense is told as such, before anything runs.
#[test]
fn a_run_of_no_time_is_refused() {
    for minutes in ["0", "-1", "NaN", "inf"] {
        let soak = Command::new(env!("CARGO_BIN_EXE_portcullis-soak"))
            .arg(format!("--minutes={minutes}"))
            .output()
            .unwrap();
        assert!(!soak.status.success());
        let told = String::from_utf8_lossy(&soak.stderr);
        assert!(told.contains("--minutes"), "{minutes}: {told}");
    }
}
