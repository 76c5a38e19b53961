//! What takes a compiler too long.

use std::time::{Duration, Instant};

use portcullis_tests::forge::bytes;
use portcullis_tests::plugin;
use serde_json::json;

use super::common::{alone, descriptors, nothing_is_left, real, resident_mib, rig};

/// More than the wall time of a compilation and what is around it, as the machine may be busy.
const SOON: Duration = Duration::from_secs(10);

/// What the host may grow by: the largest bomb and its code, some times.
const MIB: u64 = 80;

/// Proves S3: each bomb is answered soon, whether it is compiled or not, and the host is as it was.
#[tokio::test(flavor = "multi_thread")]
async fn bombs_go_off_elsewhere() {
    let _alone = alone().await;
    let rig = rig(real());
    let noop = rig.load_package(plugin("noop")).await;
    assert_eq!(rig.ask(&noop, "noop", json!({})).await.reply, Some(true));
    let (open, resident) = (descriptors(), resident_mib());
    for (name, bomb) in [
        ("many-functions", bytes::many_functions as fn() -> Vec<u8>),
        ("long-function", bytes::long_function),
        ("branches", bytes::branches),
        ("blocks", bytes::blocks),
    ] {
        let package = bytes::package(name, &bomb());
        let begin = Instant::now();
        let answered = rig.try_load(package).await.map(drop);
        let took = begin.elapsed();
        println!("{name}: {took:?}, {answered:?}, {} MiB", resident_mib());
        assert!(took < SOON, "{name} took {took:?}");
        nothing_is_left().await;
        assert_eq!(rig.ask(&noop, "noop", json!({})).await.reply, Some(true));
    }
    let grown = resident_mib().saturating_sub(resident);
    assert!(grown < MIB, "grown by {grown} MiB");
    assert_eq!(descriptors(), open);
}
