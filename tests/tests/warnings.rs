//! What the host's log tells of denials. In a process of its own: a subscriber of `tracing` belongs to all threads.

#![allow(clippy::unwrap_used)]

use portcullis::grant::{Consent, OnDenied};
use portcullis_tests::plugins::keeper_without_npc_write;
use portcullis_tests::{Rig, Written, limits, plugin};
use serde_json::json;

/// Proves P5: `warn` warns in the host's log, once a call and permission, `silent` does not; the plugin sees no difference.
#[tokio::test(flavor = "current_thread")]
async fn warn_warns_and_silent_does_not() {
    let written = Written::default();
    let writer = written.clone();
    tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .init();
    let taken = || written.take();
    for (on_denied, warned) in [(OnDenied::Warn, true), (OnDenied::Silent, false)] {
        let rig = Rig::new(limits(|_| {}).on_denied(on_denied));
        let consent = Consent::to(["behavior:extend_conditions", "behavior:extend_effects"]);
        let optional = rig
            .host
            .load(plugin("optional-session-write"), &consent)
            .await
            .unwrap();
        assert_eq!(
            rig.ask(&optional, "try-write", json!({})).await.reply,
            Some(false)
        );
        let log = taken();
        assert_eq!(
            log.contains("session:write") && log.contains("WARN"),
            warned,
            "{on_denied:?}: {log}"
        );
        // Of the rest of a flood the receipt tells.
        let (package, consent) = keeper_without_npc_write();
        let keeper = rig.host.load(package, &consent).await.unwrap();
        let step = json!({ "op": "npc.add-tag", "id": "ada", "tag": "x" });
        for _ in 0..2 {
            let steps = json!({ "steps": vec![&step; 80] });
            let receipt = rig.ask(&keeper, "steps", steps).await;
            assert_eq!((receipt.denials.len(), receipt.more_denials), (64, 16));
            let log = taken();
            assert_eq!(log.matches("WARN").count(), usize::from(warned), "{log}");
        }
    }
}
