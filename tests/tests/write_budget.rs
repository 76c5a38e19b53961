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
