//! What the host's log tells when a host goes. In a process of its own: a subscriber of `tracing` belongs to all threads.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use portcullis_tests::messenger::Messenger;
use portcullis_tests::{Rig, Written, limits};
use serde_json::json;

/// Proves E9: neither a host that goes with its handlers nor a runtime that goes before it warns of a bus that broke off.
#[test]
fn who_goes_warns_of_nothing() {
    let written = Written::default();
    let writer = written.clone();
    tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .init();
    let mut kept = Vec::new();
    for host_goes_first in [true, false] {
        for _ in 0..10 {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(4)
                .enable_all()
                .build()
                .unwrap();
            let rig = runtime.block_on(with_handlers());
            if host_goes_first {
                drop(rig);
                kept.push(runtime);
            } else {
                drop(runtime);
                drop(rig);
            }
        }
    }
    // Longer than a bus is left alone that broke off.
    std::thread::sleep(Duration::from_millis(1_500));
    let log = written.take();
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
}

/// A host with handlers that hear, and wait for more.
async fn with_handlers() -> Rig {
    let rig = Rig::new(limits(|_| {}));
    let messenger = (0..8).fold(Messenger::new("messenger"), |messenger, n| {
        messenger.hears(&format!("counts-{n}"), "test.counted")
    });
    rig.load_package(messenger.package()).await;
    rig.emit("test.counted", json!(1)).await;
    rig.host.events_idle().await;
    rig
}
