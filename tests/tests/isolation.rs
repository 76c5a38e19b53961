//! A plugin sees the world, the session and the NPC that its call is about, and nothing of any other.

#![allow(clippy::unwrap_used)]

use portcullis::{Outcome, Receipt, Subject};
use portcullis_tests::Rig;
use serde_json::json;

/// All that a plugin can tell of a call.
fn seen(receipt: &Receipt<bool>) -> (Outcome, Option<String>, Option<bool>) {
    (receipt.outcome, receipt.message.clone(), receipt.reply)
}

/// Proves C1, C2, C4: what another world has looks as what no world has.
#[tokio::test(flavor = "multi_thread")]
async fn another_world_looks_as_none() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    let in_alpha = || Subject::world("alpha").session("s1");
    for (condition, foreign, missing) in [
        (
            "read-npc",
            json!({ "id": "bob" }),
            json!({ "id": "nobody" }),
        ),
        (
            "read-npc",
            json!({ "id": "bob", "attribute": "mood" }),
            json!({ "id": "nobody", "attribute": "mood" }),
        ),
        (
            "read-relationship",
            json!({ "npc": "bob" }),
            json!({ "npc": "nobody" }),
        ),
    ] {
        let foreign = rig
            .ask_about(&hostile, in_alpha(), condition, foreign)
            .await;
        let missing = rig
            .ask_about(&hostile, in_alpha(), condition, missing)
            .await;
        assert_eq!(seen(&foreign), seen(&missing));
        assert_ne!(foreign.reply, Some(true), "{foreign}");
    }
    for condition in ["read-flag", "read-relationship"] {
        let ask = |session: &'static str| {
            let subject = Subject::world("alpha").session(session).npc("ada");
            rig.ask_about(&hostile, subject, condition, json!({ "key": "of-world" }))
        };
        assert_eq!(
            seen(&ask("s2").await),
            seen(&ask("no-session").await),
            "{condition}"
        );
    }
    let gone = rig
        .ask_about(&hostile, Subject::world("gone"), "read-world", json!({}))
        .await;
    assert_eq!(gone.outcome, Outcome::GuestError, "{gone}");
}

/// Proves C1, C2, C3: the same names in two worlds are two things.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_names_in_two_worlds_are_two_things() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    for world in ["alpha", "beta"] {
        let subject = Subject::world(world).session("shared");
        for (condition, params) in [
            ("read-flag", json!({ "key": "of-world", "expect": world })),
            (
                "read-world",
                json!({ "config": "festival", "expect": world }),
            ),
            (
                "read-subject",
                json!({ "expect": { "world": world, "session": "shared", "npc": null } }),
            ),
        ] {
            let receipt = rig
                .ask_about(&hostile, subject.clone(), condition, params)
                .await;
            assert_eq!(receipt.reply, Some(true), "{receipt}");
        }
    }
    let subject = Subject::world("alpha").session("shared").npc("ada");
    assert_eq!(
        rig.ask_about(&hostile, subject, "read-own-writes", json!({}))
            .await
            .reply,
        Some(true)
    );
    assert_eq!(
        rig.state.flag("alpha", "shared", "hostile", "kept"),
        Some(json!(2))
    );
    assert_eq!(rig.state.flag("beta", "shared", "hostile", "kept"), None);
    assert_eq!(rig.state.flag("alpha", "s1", "hostile", "kept"), None);
}

/// Proves C2, C3: a plugin reaches neither the flags of another plugin nor the host's, and each has a namespace of its own.
#[tokio::test(flavor = "multi_thread")]
async fn namespaces_hold() {
    let rig = Rig::default();
    let (hostile, optional) = (
        rig.load("hostile").await,
        rig.load("optional-session-write").await,
    );
    let before = rig.state.flags("alpha", "s1");
    let secrets = json!({ "secrets": [["stealth", "suspicion"], ["optional-session-write", "was-here"]], "npcs": ["bob"] });
    assert_eq!(
        rig.act(&optional, "write", json!({})).await.outcome,
        Outcome::Returned
    );
    let receipt = rig.ask(&hostile, "namespace-tricks", secrets).await;
    assert_eq!(receipt.reply, Some(false), "{receipt}");
    let mut after = rig.state.flags("alpha", "s1");
    assert_eq!(
        after.remove("optional-session-write/was-here"),
        Some(json!(true))
    );
    after.retain(|name, _| before.contains_key(name) || !name.starts_with("hostile/"));
    assert_eq!(
        after, before,
        "outside of its own namespace nothing has changed"
    );
}
