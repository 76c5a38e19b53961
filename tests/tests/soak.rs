//! A thousand rounds over plugins that misbehave. What they take is given back: memory, file descriptors and threads stay flat. A process of its
//! own, so that other tests do not disturb the numbers.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use portcullis::{Blame, Outcome, Plugin};
use portcullis_tests::{Rig, component, embed, limits, plugin};

const ROUNDS: usize = 1_000;
const AT_ONCE: usize = 4;

/// What the engine keeps resident for each slot in use: 2 MiB of memory and 64 KiB of tables. Slots that stay warm for a plugin are those that it
/// had in use at once.
const BUDGET_KIB: u64 = AT_ONCE as u64 * (2 * 1024 + 64);

/// What an allocator may keep for itself.
const SLACK_KIB: u64 = 16 * 1024;

static PANICS: AtomicU64 = AtomicU64::new(0);

/// The rounds take these in turn: condition, or `any` of a plugin that misbehaves before its call.
const MISDEEDS: [&str; 31] = [
    "loop-forever",
    "memory-flood",
    "panic",
    "handle-flood",
    "stdout-flood",
    "out-of-bounds",
    "sleep-hour",
    "memory-touch",
    "exit",
    "log-flood",
    "write-then-trap",
    "stack-overflow",
    "busy-poll",
    "result-flood",
    "abort",
    "host-call-flood",
    "write-then-loop",
    "unreachable",
    "stderr-flood",
    "many-writes",
    "exit-fail",
    "write-then-error",
    "huge-flag",
    "namespace-tricks",
    "read-environment",
    "register-late",
    "forged-log",
    "loop-at-start",
    "loop-in-realloc",
    "exit-at-start",
    "table-flood",
];

fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .unwrap();
    line.trim_start_matches(':')
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

#[derive(Debug)]
struct Taken {
    resident_kib: u64,
    threads: u64,
    descriptors: usize,
}

fn taken() -> Taken {
    Taken {
        resident_kib: status("VmRSS"),
        threads: status("Threads"),
        descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count(),
    }
}

/// One misdeed; its receipt never blames the host.
async fn misbehave(rig: &Rig, plugins: &[Plugin], misdeed: &str) {
    let own = plugins
        .iter()
        .find(|plugin| plugin.identity().plugin.as_str() == misdeed);
    let hostile = plugins.first().unwrap();
    let (plugin, condition) = own.map_or((hostile, misdeed), |own| (own, "any"));
    let request = portcullis::extension::conditions::Evaluate {
        name: condition.into(),
        params: Default::default(),
    };
    let subject = portcullis_tests::rig::ada();
    let receipt = plugin
        .call::<portcullis::extension::conditions::Conditions>(subject, request)
        .await;
    assert_ne!(receipt.blame, Some(Blame::Host), "{receipt}");
    assert_ne!(receipt.outcome, Outcome::Cancelled, "{receipt}");
    let _forgotten = rig.receipts.take();
}

async fn rounds(rig: &Rig, plugins: &[Plugin], noop: &Plugin, count: usize) {
    for round in 0..count {
        let now = (0..AT_ONCE).map(|one| MISDEEDS[(round * AT_ONCE + one) % MISDEEDS.len()]);
        join_all(now.map(|misdeed| misbehave(rig, plugins, misdeed))).await;
        let request = portcullis::extension::conditions::Evaluate {
            name: "noop".into(),
            params: Default::default(),
        };
        let subject = portcullis_tests::rig::ada();
        let receipt = noop
            .call::<portcullis::extension::conditions::Conditions>(subject, request)
            .await;
        assert_eq!(receipt.reply, Some(true), "round {round}: {receipt}");
    }
}

/// Proves X2, X3: a thousand rounds leave memory, file descriptors and threads as they were, and not one panic of the host.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_rounds_leave_nothing_behind() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        before(panic);
    }));
    let rig = Rig::with(limits(|limits| limits.host_calls = 500), |builder| {
        builder
            .log(std::sync::Arc::new(Silent))
            .compile_cache(portcullis_tests::rig::shared_cache())
    });
    let noop = rig.load("noop").await;
    let mut plugins = vec![
        rig.load_package(hurried("hostile", "tests/guests/hostile/plugin.toml"))
            .await,
    ];
    for name in [
        "loop-at-start",
        "loop-in-realloc",
        "exit-at-start",
        "table-flood",
    ] {
        plugins.push(
            rig.load_package(hurried(
                name,
                &format!("tests/guests/wat/{name}.plugin.toml"),
            ))
            .await,
        );
    }
    rounds(&rig, &plugins, &noop, 100).await;
    let start = taken();
    rounds(&rig, &plugins, &noop, ROUNDS).await;
    let end = taken();
    println!("after the warm-up {start:?}, after {ROUNDS} rounds {end:?}");
    let most = start.resident_kib + BUDGET_KIB + SLACK_KIB;
    assert!(
        end.resident_kib <= most,
        "{end:?} takes more than {most} KiB, from {start:?}"
    );
    assert!(
        end.threads <= start.threads && end.descriptors <= start.descriptors,
        "{start:?} became {end:?}"
    );
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
}

/// A plugin that asks for no more than 5 ms.
fn hurried(name: &str, manifest: &str) -> portcullis::Package {
    let manifest =
        std::fs::read_to_string(portcullis_tests::plugins::root().join(manifest)).unwrap();
    embed(
        &component(name),
        &format!("{manifest}\n[limits]\nwall_ms = 5\n"),
    )
}

/// A thousand rounds of floods are too much to keep.
struct Silent;

impl portcullis::capability::LogSink for Silent {
    fn emit(&self, _: portcullis::log_record::LogRecord) {}
}

/// What the soak leaves out is refused before it runs, and listed here, so that a new misdeed is noticed.
#[test]
fn the_rounds_take_every_misdeed() {
    let honest = ["read-", "echo", "say", "global-counter", "remembered-world"];
    let hostile = plugin("hostile");
    for raw in hostile
        .manifest()
        .contributes
        .iter()
        .filter(|raw| raw.extension == "conditions")
    {
        let name = raw.name().unwrap();
        let known = MISDEEDS.contains(&name.as_str())
            || honest.iter().any(|honest| name.starts_with(honest));
        assert!(known, "`{name}` is in no round");
    }
}
