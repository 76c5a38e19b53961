//! The demo with the real plugins, which `cargo xtask build` makes. Fewer ticks than a user sees, so that it stays quick.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use portcullis::{Outcome, Record};
use tokio::sync::OnceCell;

use super::cast::{EXAMPLES, HOSTILE};
use super::*;
use portcullis::observe::MetricsRow;

/// A day and the evening after it: every routine comes to all of its hours, and the hostile plugins are asked.
const TICKS: u64 = 42;

async fn demo(seed: u64, without: &[&str]) -> DemoReport {
    let directory = tempfile::tempdir().unwrap();
    let options = options(seed, without, directory.path());
    let report = run(&options, true).await.unwrap();
    let lines = fs::read_to_string(&options.receipts).unwrap();
    let records: Vec<Record> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(records.len() as u64, report.calls);
    assert_eq!(
        report.plugins.iter().map(|row| row.calls).sum::<u64>(),
        report.calls
    );
    assert!(records.iter().all(|record| record.fuel.is_some()));
    report
}

fn options(seed: u64, without: &[&str], directory: &Path) -> Options {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins");
    assert!(
        plugins.is_dir(),
        "{} is not there: run `cargo xtask build` first",
        plugins.display()
    );
    Options {
        seed,
        ticks: TICKS,
        without: without.iter().map(ToString::to_string).collect(),
        state: directory.join("made/state.db"),
        fresh: false,
        no_build: true,
        metrics: None,
        texts_from: None,
        model: String::new(),
        receipts: directory.join("made/receipts.jsonl"),
        plugins,
        worlds: None,
    }
}

/// The demo with all plugins and seed 1, run once for all tests.
async fn whole() -> &'static DemoReport {
    static WHOLE: OnceCell<DemoReport> = OnceCell::const_new();
    WHOLE.get_or_init(|| demo(1, &[])).await
}

fn row<'a>(report: &'a DemoReport, plugin: &str) -> &'a MetricsRow {
    report
        .plugins
        .iter()
        .find(|row| row.plugin.as_str() == plugin)
        .unwrap()
}

/// Proves X1: the same seed comes to the same worlds while every core spins. Another seed comes to others.
#[tokio::test]
async fn the_digest_follows_from_the_seed_whatever_the_load() {
    let calm = whole().await;
    let stop = AtomicBool::new(false);
    let cores = thread::available_parallelism().map_or(2, |cores| cores.get());
    let busy = thread::scope(|scope| {
        for _ in 0..2 * cores {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    black_box(0_u64.wrapping_add(1));
                }
            });
        }
        // Another runtime, because a scope cannot await.
        let busy = scope.spawn(|| {
            tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .unwrap()
                .block_on(demo(1, &[]))
        });
        let busy = busy.join();
        stop.store(true, Ordering::Relaxed);
        busy.unwrap()
    });
    assert_eq!(busy.digest, calm.digest);
    assert_eq!(busy.calls, calm.calls);
    assert_ne!(demo(2, &[]).await.digest, calm.digest);
}

/// Proves E2, E3 and E4: each example plugin matters to the worlds.
#[tokio::test]
async fn without_an_example_the_worlds_end_otherwise() {
    for example in EXAMPLES {
        let report = demo(1, &[example]).await;
        assert!(
            report
                .plugins
                .iter()
                .all(|row| row.plugin.as_str() != example)
        );
        assert_ne!(report.digest, whole().await.digest, "without {example}");
    }
}

/// The hostile plugins do not.
#[tokio::test]
async fn without_the_hostile_plugins_the_worlds_end_the_same() {
    let report = demo(1, &HOSTILE.map(|hostile| hostile.id)).await;
    assert!(report.refused.is_empty() && report.plugins.len() == EXAMPLES.len());
    assert_eq!(report.digest, whole().await.digest);
    for example in EXAMPLES {
        assert_eq!(
            row(&report, example).calls,
            row(whole().await, example).calls
        );
    }
}

/// Proves P3, X1, X2 and X3: what runs without end is ended, what takes too much memory does not get it, and what imports more than it was
/// granted does not run, for a reason that names the permission.
#[tokio::test]
async fn hostile_plugins_are_contained() {
    let report = whole().await;
    for (plugin, outcome) in [
        ("spinner", Outcome::OutOfFuel),
        ("hoarder", Outcome::OutOfMemory),
    ] {
        let row = row(report, plugin);
        assert!(
            row.calls > 0 && row.failures.get(&outcome) == Some(&row.calls),
            "{row:?}"
        );
        assert!(row.peak_memory_bytes <= MEMORY_BYTES);
    }
    assert!(row(report, "hoarder").peak_memory_bytes > MEMORY_BYTES / 2);
    let [refused] = &report.refused[..] else {
        unreachable!("{:?}", report.refused)
    };
    assert_eq!(refused.plugin, "trespasser");
    assert!(
        refused.why.contains("`session:write`") && refused.why.contains("session-write"),
        "{}",
        refused.why
    );
    assert!(report.is_well());
}

/// Proves E2, E3 and E17: each condition makes a difference between NPCs, each effect takes effect, and a world asks only the plugins that it
/// uses.
#[tokio::test]
async fn each_condition_is_true_for_some_and_false_for_others() {
    let report = whole().await;
    let hostile = |name: &str| HOSTILE.iter().any(|hostile| name.contains(hostile.id));
    for row in &report.conditions {
        if hostile(&row.condition) {
            assert_eq!((row.held, row.not_held), (0, 0), "{row:?}");
            assert!(row.failed + row.not_asked > 0, "{row:?}");
        } else {
            assert!(
                row.true_for_npcs > 0 && row.false_for_npcs > 0 && row.failed == 0,
                "{row:?}"
            );
        }
    }
    assert!(
        report
            .conditions
            .iter()
            .any(|row| row.condition.contains("stealth") && row.not_asked > 0)
    );
    let plugins = [
        "has-disguise",
        "is-player-disguised",
        "has-high-intimacy",
        "knows-rumour",
        "knows-watchword",
    ];
    assert!(plugins.iter().all(|name| {
        report
            .conditions
            .iter()
            .any(|row| row.condition.ends_with(name))
    }));
    for effect in [
        "stealth:raise-suspicion",
        "romance:mood-boost",
        "romance:relationship-impact",
        "gossip:spread-rumour",
        "gossip:tell-rumour",
    ] {
        let tally = report
            .effects
            .get(&format!("effect:plugin:{effect}"))
            .unwrap();
        assert!(tally.applied > 0, "{effect}: {tally:?}");
    }
}

/// Proves O1: the table has a row for each plugin, and names the receipts and the digest; the JSON has the same.
#[tokio::test]
async fn the_report_is_a_table_and_json() {
    let report = whole().await;
    let text = report.to_string();
    let digest = report.digest.to_string();
    for word in EXAMPLES
        .into_iter()
        .chain(HOSTILE.map(|hostile| hostile.id))
        .chain(["receipts.jsonl", "session:write", &digest])
    {
        assert!(text.contains(word), "{word}:\n{text}");
    }
    let json = serde_json::to_value(report).unwrap();
    assert_eq!(
        json.get("digest").and_then(|digest| digest.as_str()),
        Some(digest.as_str())
    );
    assert_eq!(
        json.pointer("/worlds/0/enabled_plugins"),
        Some(&serde_json::json!([]))
    );
    assert_eq!(
        json.get("plugins")
            .and_then(|rows| rows.as_array())
            .map(Vec::len),
        Some(EXAMPLES.len() + 2)
    );
}

#[tokio::test]
async fn mistakes_say_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let fine = options(1, &[], directory.path());
    let unknown = Options {
        without: vec!["stelth".to_owned()],
        ..fine.clone()
    };
    let unbuilt = Options {
        plugins: directory.path().to_owned(),
        ..fine.clone()
    };
    let no_worlds = Options {
        worlds: Some(directory.path().to_owned()),
        ..fine
    };
    for (options, word) in [
        (unknown, "festival, gossip, performance, romance, stealth"),
        (unbuilt, "cargo xtask build"),
        (no_worlds, ".json"),
    ] {
        let error = run(&options, true).await.unwrap_err();
        assert!(
            error.is_usage() && error.to_string().contains(word),
            "{error}"
        );
    }
}
