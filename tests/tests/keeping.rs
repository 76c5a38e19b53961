//! What calls keep beyond themselves, in a plugin's own store, in NPCs and as jobs: through conflicts, quotas and failures.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use portcullis::extension::effects::{Apply, Effects};
use portcullis::receipt::Commit;
use portcullis::{Blame, Outcome, Plugin, Receipt};
use portcullis_tests::plugins::{component, embed, root};
use portcullis_tests::rig::{ada, params};
use portcullis_tests::{Rig, Trouble, limits};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinHandle;

const TASKS: usize = 16;
const CALLS: usize = 1_000;

/// Takes the steps in a task of its own.
fn spawn(rig: &Rig, keeper: &Plugin, steps: Value) -> JoinHandle<Receipt> {
    let (rig, keeper) = (rig.clone(), keeper.clone());
    let params = json!({ "steps": steps, "strict": true });
    tokio::spawn(async move { rig.act(&keeper, "steps", params).await })
}

fn value(rig: &Rig, key: &str) -> Option<Value> {
    let mut entries = rig.state.kv("keeper");
    entries.remove(key).map(|entry| entry.value)
}

/// What came of the steps so far, as the plugin logged it.
fn answers(rig: &Rig) -> Vec<String> {
    let log = rig.log.all();
    let fields = log.into_iter().flat_map(|record| record.fields);
    fields.map(|(_, answer)| answer).collect()
}

/// Proves C4, C9, C3: 16 tasks make 1,000 calls that each count up a flag, a key and an attribute. Calls that run into each other run again,
/// and at the end each sum is exact: nothing is lost, nothing counts twice, and no call gives up.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sums_are_exact() {
    let rig = Rig::new(limits(|limits| limits.wall_ms = 30_000));
    let keeper = rig.load("keeper").await;
    let request = Apply {
        name: "steps".into(),
        params: params(json!({
            "strict": true,
            "steps": [
                { "op": "flag.increment", "key": "n" },
                { "op": "kv.increment", "key": "n", "by": 1 },
                { "op": "npc.increment", "id": "ada", "key": "n" },
            ],
        })),
    };
    let start = Arc::new(Barrier::new(TASKS));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (keeper, request, start) = (keeper.clone(), request.clone(), start.clone());
            let calls = CALLS / TASKS + usize::from(task < CALLS % TASKS);
            tokio::spawn(async move {
                start.wait().await;
                let mut attempts = 0;
                for _ in 0..calls {
                    let receipt = keeper.call::<Effects>(ada(), request.clone()).await;
                    assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
                    attempts += u64::from(receipt.attempts);
                }
                attempts
            })
        })
        .collect();
    let mut attempts = 0;
    for task in tasks {
        attempts += task.await.unwrap();
    }
    assert!(attempts > CALLS as u64, "nothing ran into anything");
    let sum = Some(json!(CALLS));
    assert_eq!(rig.state.flag("alpha", "s1", "keeper", "n"), sum);
    assert_eq!(value(&rig, "n"), sum);
    let ada = rig.state.npc("alpha", "ada").unwrap();
    assert_eq!(ada.attributes.get("n").cloned(), sum);
    rig.receipts(CALLS).await;
}

/// Proves C9: two calls that each find room in the store, and together do not. The commit counts again, takes one and refuses the other, of
/// which nothing is left, not even what it changed elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_race_does_not_exceed_the_quota() {
    let rig = Rig::new(limits(|limits| limits.kv_bytes = 100));
    let keeper = rig.load("keeper").await;
    let gate = rig.state.commits.gate();
    let calls = ["a", "b"].map(|name| {
        let steps = json!([
            { "op": "npc.add-tag", "id": "ada", "tag": name },
            { "op": "kv.set", "key": name, "value": "x".repeat(60) },
        ]);
        (name, spawn(&rig, &keeper, steps))
    });
    // Both have written, and neither has seen the other.
    gate.entered().await;
    gate.entered().await;
    gate.open();
    gate.open();
    let mut kept = Vec::new();
    for (name, call) in calls {
        let receipt = call.await.unwrap();
        match receipt.outcome {
            Outcome::Returned => kept.push(name),
            outcome => {
                assert_eq!(
                    (outcome, receipt.blame, receipt.commit),
                    (
                        Outcome::OverBudget,
                        Some(Blame::Guest),
                        Commit::Refused { writes: 2 }
                    ),
                    "{receipt}"
                );
            }
        }
    }
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(rig.state.kv("keeper").keys().collect::<Vec<_>>(), kept);
    let ada = rig.state.npc("alpha", "ada").unwrap();
    assert_eq!(ada.info.tags, [&["guard"], &*kept].concat());
}

/// Proves C9: of two calls that find nothing at a key, one sets it. The other runs again, sees it, and leaves it alone.
#[tokio::test(flavor = "multi_thread")]
async fn one_compare_and_set_wins() {
    let rig = Rig::default();
    let keeper = rig.load("keeper").await;
    let gate = rig.state.commits.gate();
    let claims = ["one", "other"].map(|name| {
        let steps = json!([{ "op": "kv.compare-and-set", "key": "owner", "value": name }]);
        (name, spawn(&rig, &keeper, steps))
    });
    // Both have found nothing.
    gate.entered().await;
    gate.entered().await;
    gate.open();
    gate.open();
    let mut owners = Vec::new();
    for (name, claim) in claims {
        let receipt = claim.await.unwrap();
        assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
        match receipt.commit {
            Commit::Committed { writes: 1 } => owners.push(json!(name)),
            commit => assert_eq!((commit, receipt.attempts), (Commit::None, 2), "{receipt}"),
        }
    }
    assert_eq!(owners.len(), 1, "{owners:?}");
    assert_eq!(value(&rig, "owner"), owners.pop());
}

/// Proves C4, C6, C9: what a call has changed is seen by nobody else before its commit, and by everybody after.
#[tokio::test(flavor = "multi_thread")]
async fn changes_are_seen_once_they_are_committed() {
    let rig = Rig::default();
    let keeper = rig.load("keeper").await;
    let gate = rig.state.commits.gate();
    let steps = json!([
        { "op": "kv.set", "key": "k", "value": 1 },
        { "op": "npc.set-attribute", "id": "ada", "key": "mood", "value": "gloomy" },
        { "op": "generation.submit", "prompt": "Sigh." },
    ]);
    let call = spawn(&rig, &keeper, steps);
    gate.entered().await;
    let read = json!({ "steps": [
        { "op": "kv.get", "key": "k" },
        { "op": "npc.attribute", "id": "ada", "key": "mood" },
    ] });
    let before = rig.ask(&keeper, "steps", read.clone()).await;
    assert_eq!(before.reply, Some(true), "{before}");
    assert!(rig.state.jobs().is_empty());
    gate.open();
    assert_eq!(call.await.unwrap().outcome, Outcome::Returned);
    let after = rig.ask(&keeper, "steps", read).await;
    assert_eq!(after.reply, Some(true), "{after}");
    assert_eq!(rig.state.jobs().len(), 1);
    assert_eq!(
        answers(&rig),
        ["null", "\"calm\"", "[1,null,true]", "\"gloomy\""]
    );
}

/// Proves C6: a call that runs again after a conflict submits its job once, under the id that it had before.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_runs_again_submits_once() {
    let rig = Rig::default();
    let keeper = rig.load("keeper").await;
    let gate = rig.state.commits.gate();
    let steps = json!([
        { "op": "flag.increment", "key": "n" },
        { "op": "generation.submit", "prompt": "Sigh.", "keep": "job" },
    ]);
    let call = spawn(&rig, &keeper, steps);
    gate.entered().await;
    rig.state.set_flag("alpha", "s1", "keeper", "n", json!(10));
    gate.open();
    gate.open();
    let receipt = call.await.unwrap();
    assert_eq!(
        (receipt.outcome, receipt.attempts),
        (Outcome::Returned, 2),
        "{receipt}"
    );
    let id = format!("gen-{}-1", receipt.id);
    let jobs: Vec<_> = rig.state.jobs().into_iter().map(|job| job.id).collect();
    assert_eq!(jobs, [id.as_str()]);
    assert_eq!(value(&rig, "job"), Some(json!(id)));
    let sum = rig.state.flag("alpha", "s1", "keeper", "n");
    assert_eq!(sum, Some(json!(11)));
}

/// Proves C9: a store beyond its quota, because that was lowered, may shrink, and does not grow.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_beyond_its_quota_may_shrink() {
    let rig = Rig::new(limits(|limits| limits.kv_bytes = 100));
    let keeper = rig.load("keeper").await;
    let plugin = &keeper.identity().plugin;
    rig.state.put_kv(plugin, "a", json!("x".repeat(100)));
    rig.state.put_kv(plugin, "b", json!("x".repeat(100)));
    let set =
        |key: &str, bytes: usize| json!({ "op": "kv.set", "key": key, "value": "x".repeat(bytes) });
    for (steps, outcome) in [
        (json!([set("c", 1)]), Outcome::GuestError),
        (json!([set("a", 101)]), Outcome::GuestError),
        (json!([set("a", 90)]), Outcome::Returned),
        (
            json!([{ "op": "kv.delete", "key": "a" }, set("c", 50)]),
            Outcome::Returned,
        ),
        (json!([set("c", 51)]), Outcome::GuestError),
        (
            json!([{ "op": "kv.delete", "key": "b" }, set("c", 51)]),
            Outcome::Returned,
        ),
    ] {
        let receipt = spawn(&rig, &keeper, steps.clone()).await.unwrap();
        assert_eq!(receipt.outcome, outcome, "{steps}: {receipt}");
    }
    assert_eq!(rig.state.kv("keeper").keys().collect::<Vec<_>>(), ["c"]);
}

/// Proves C6, C9: a plugin's keys and jobs are its own. Another one finds nothing at the same key, and cannot read a job whose id it knows.
#[tokio::test(flavor = "multi_thread")]
async fn keys_and_jobs_are_the_plugins_own() {
    let rig = Rig::default();
    let keeper = rig.load("keeper").await;
    let manifest = root().join("tests/guests/keeper/plugin.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let manifest = manifest.replace("id = \"keeper\"", "id = \"thief\"");
    let thief = rig
        .load_package(embed(&component("keeper"), &manifest))
        .await;
    let steps = json!([
        { "op": "kv.set", "key": "k", "value": 1 },
        { "op": "generation.submit", "prompt": "Sigh." },
    ]);
    assert_eq!(
        spawn(&rig, &keeper, steps).await.unwrap().outcome,
        Outcome::Returned
    );
    let job = rig.state.jobs().pop().unwrap().id;
    let steps = json!({ "steps": [
        { "op": "kv.get", "key": "k" },
        { "op": "kv.keys", "prefix": "" },
        { "op": "kv.delete", "key": "k" },
        { "op": "generation.read", "job": job },
    ] });
    let receipt = rig.ask(&thief, "steps", steps).await;
    assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
    assert_eq!(answers(&rig), ["null", "[]", "null", "not found"]);
    assert_eq!(value(&rig, "k"), Some(json!(1)));
}

/// Proves P7: a port that fails tells the plugin that the host is unavailable, and nothing of the reason.
#[tokio::test(flavor = "multi_thread")]
async fn ports_that_fail_keep_their_reasons() {
    let rig = Rig::default();
    let keeper = rig.load("keeper").await;
    rig.state.reads.set(Trouble::Fail);
    let steps = json!({ "steps": [
        { "op": "npc.add-tag", "id": "ada", "tag": "tired" },
        { "op": "npc.move-to", "id": "ada", "location": "gate" },
        { "op": "kv.get", "key": "a" },
        { "op": "kv.keys", "prefix": "" },
        { "op": "kv.set", "key": "a", "value": 1 },
        { "op": "kv.delete", "key": "a" },
        { "op": "kv.increment", "key": "a", "by": 1 },
        { "op": "kv.compare-and-set", "key": "a", "value": 1 },
        { "op": "generation.read", "job": "gen-0-1" },
    ] });
    let receipt = rig.ask(&keeper, "steps", steps).await;
    assert_eq!(
        (receipt.reply, receipt.commit),
        (Some(false), Commit::None),
        "{receipt}"
    );
    assert_eq!(answers(&rig), ["the host cannot serve this now"; 9]);
}
