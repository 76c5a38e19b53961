//! What happens when a plugin uses what it does not hold, or holds no more.

#![allow(clippy::unwrap_used)]

use portcullis::grant::{Instances, OnDenied};
use portcullis::{Outcome, Policy, Receipt};
use portcullis_tests::plugins::keeper_without_npc_write;
use portcullis_tests::{Rig, limits};
use serde_json::json;

/// Holds a call in its first host call, takes `session:write` back, and lets it go on to write.
async fn revoked_in_flight(on_denied: OnDenied, policy: Policy) -> (Rig, Receipt) {
    let rig = Rig::new(policy.on_denied(on_denied));
    let hostile = rig.load("hostile").await;
    let gate = rig.state.reads.gate();
    let task = {
        let (rig, hostile) = (rig.clone(), hostile.clone());
        tokio::spawn(async move {
            rig.act(&hostile, "increment-flag", json!({ "key": "n" }))
                .await
        })
    };
    gate.entered().await;
    hostile.grant().revoke("session:write");
    gate.open();
    let receipt = task.await.unwrap();
    (rig, receipt)
}

/// Proves P5, P7: a permission that is taken back is denied at the next host call of a call in flight.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_permission_is_denied_in_flight() {
    for (on_denied, outcome) in [
        (OnDenied::Raise, Outcome::Denied),
        (OnDenied::Warn, Outcome::GuestError),
        (OnDenied::Silent, Outcome::GuestError),
    ] {
        for policy in [
            limits(|_| {}),
            limits(|_| {}).instances(Instances::Warm { max_idle: 1 }),
        ] {
            let (rig, receipt) = revoked_in_flight(on_denied, policy).await;
            assert_eq!(receipt.outcome, outcome, "{receipt}");
            let denial = receipt.denials.first().unwrap();
            assert_eq!(
                (denial.permission.as_str(), denial.why.as_str()),
                ("session:write", "revoked")
            );
            assert_eq!(rig.state.flag("alpha", "s1", "hostile", "n"), None);
        }
    }
}

/// Proves P5: what was taken back stays taken back, for this plugin alone, until it is loaded again.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_lasts_until_the_next_decision() {
    let rig = Rig::default();
    let (hostile, optional) = (
        rig.load("hostile").await,
        rig.load("optional-session-write").await,
    );
    optional.grant().revoke("session:write");
    optional.grant().revoke("no:such");
    assert_eq!(
        (
            optional.grant().generation(),
            optional.grant().holds("session:write")
        ),
        (1, false)
    );
    for (condition, holds) in [("has-write", false), ("try-write", false)] {
        assert_eq!(
            rig.ask(&optional, condition, json!({})).await.reply,
            Some(holds),
            "{condition}"
        );
    }
    assert_eq!(
        rig.act(&hostile, "increment-flag", json!({ "key": "n" }))
            .await
            .outcome,
        Outcome::Returned
    );
    let optional = rig.load("optional-session-write").await;
    assert_eq!(
        rig.ask(&optional, "try-write", json!({})).await.reply,
        Some(true)
    );
}

/// Proves P5, X2: what stands in for an interface that was not granted counts against the budget of host calls.
#[tokio::test(flavor = "multi_thread")]
async fn calls_of_stubs_count() {
    let rig = Rig::new(limits(|limits| limits.host_calls = 20));
    let (package, consent) = keeper_without_npc_write();
    let keeper = rig.host.load(package, &consent).await.unwrap();
    let step = json!({ "op": "npc.add-tag", "id": "ada", "tag": "x" });
    // The plugin logs what came of each.
    for (calls, outcome) in [(10, Outcome::Returned), (11, Outcome::OverBudget)] {
        let steps = json!({ "steps": vec![&step; calls] });
        let receipt = rig.ask(&keeper, "steps", steps).await;
        assert_eq!(
            (receipt.outcome, receipt.denials.len()),
            (outcome, 10),
            "{receipt}"
        );
    }
}
