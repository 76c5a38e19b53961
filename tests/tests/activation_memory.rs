//! What a plugin that sleeps leaves of itself in memory. Alone in its process: it looks at all of the process's code.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)]

use portcullis::grant::Instances;
use portcullis::host::PluginState;
use portcullis_tests::plugins::root;
use portcullis_tests::{Rig, component, embed, limits};
use serde_json::json;

/// How many bytes of code there are in memory that are of no file: what was compiled here.
fn compiled_bytes() -> u64 {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let sizes = maps.lines().filter_map(|line| {
        let mut parts = line.split_whitespace();
        let (range, rights) = (parts.next()?, parts.next()?);
        let file = parts.nth(3);
        let (from, to) = range.split_once('-')?;
        let size = u64::from_str_radix(to, 16).ok()? - u64::from_str_radix(from, 16).ok()?;
        (rights.contains('x') && file.is_none()).then_some(size)
    });
    sizes.sum()
}

/// Proves M8: the code and the warm instances of a plugin are gone while it sleeps, though somebody holds the plugin and an old snapshot of the
/// registry; nothing piles up over a hundred sleeps.
#[tokio::test(flavor = "multi_thread")]
async fn sleep_gives_memory_back() {
    let policy = limits(|limits| limits.wall_ms = 60_000).idle_ms(0);
    let rig = Rig::new(policy.instances(Instances::Warm { max_idle: 4 }));
    let manifest = root().join("tests/guests/hostile/plugin.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let manifest = format!("{manifest}\n[activation]\non = \"first-use\"\n");
    let package = embed(&component("hostile"), &manifest);

    let before = compiled_bytes();
    let handle = rig.load_package(package).await;
    let snapshot = rig.host.registry();
    assert_eq!(compiled_bytes(), before, "nothing is compiled");
    for _ in 0..100 {
        for _ in 0..2 {
            let receipt = rig.ask(&handle, "global-counter", json!({})).await;
            assert!(receipt.reply.is_some(), "{receipt}");
        }
        assert!(compiled_bytes() > before + 10_000, "its code is there");
        let asleep = rig.host.put_idle_to_sleep().await;
        assert_eq!(asleep.len(), 1);
        assert_eq!(compiled_bytes(), before, "its code is gone");
        assert_eq!(
            rig.host.plugins().first().unwrap().state,
            PluginState::Asleep
        );
    }
    assert!(!snapshot.entries().is_empty());
}
