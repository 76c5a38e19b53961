//! What a call may stage before its commit.

#![allow(clippy::unwrap_used)]

use portcullis::Outcome;
use portcullis::receipt::Commit;
use portcullis_tests::{Rig, limits};
use serde_json::json;

/// Proves X2: each change counts 64 bytes besides its key and value, so that short changes cannot be staged without an end.
#[tokio::test]
async fn each_change_has_a_price() {
    // Three deletions of a key of one byte.
    let rig = Rig::new(limits(|limits| limits.write_bytes = 3 * 65));
    let keeper = rig.load("keeper").await;
    let steps = vec![json!({ "op": "kv.delete", "key": "k" }); 5];
    let receipt = rig.act(&keeper, "steps", json!({ "steps": steps })).await;
    assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
    assert_eq!(receipt.commit, Commit::Committed { writes: 3 }, "{receipt}");
    let told = format!("{:?}", rig.log.all());
    assert_eq!(told.matches("a budget of this call is used up").count(), 2);
}

/// Proves X2, S4: each value inside of a value counts 64 bytes too: a tree takes more of the host's memory than its text says.
#[tokio::test]
async fn each_value_has_a_price() {
    // A key of one byte, `[0,{"a":0}]` and its four values.
    let rig = Rig::new(limits(|limits| limits.write_bytes = 2 * (1 + 11 + 4 * 64)));
    let keeper = rig.load("keeper").await;
    let set = |key: &str| json!({ "op": "kv.set", "key": key, "value": [0, { "a": 0 }] });
    let steps = json!({ "steps": [set("a"), set("b"), set("c")] });
    let receipt = rig.act(&keeper, "steps", steps).await;
    assert_eq!(receipt.commit, Commit::Committed { writes: 2 }, "{receipt}");
}

/// Proves X2, S4: a text has 4,096 values at most, and the plugin is told so.
#[tokio::test]
async fn a_text_has_few_values() {
    let rig = Rig::default();
    let keeper = rig.load("keeper").await;
    let set = |items: usize| json!({ "op": "kv.set", "key": "k", "value": vec![0; items] });
    let attribute =
        json!({ "op": "npc.set-attribute", "id": "ada", "key": "mood", "value": vec![0; 4_096] });
    let steps = json!({ "steps": [set(4_096), attribute, set(4_095)] });
    let receipt = rig.act(&keeper, "steps", steps).await;
    assert_eq!(receipt.commit, Commit::Committed { writes: 1 }, "{receipt}");
    let told = format!("{:?}", rig.log.all());
    assert_eq!(
        told.matches("value: at most 4096 values").count(),
        2,
        "{told}"
    );
}
