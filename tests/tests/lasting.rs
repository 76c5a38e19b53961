//! A host whose state, guard and events last: many calls at once, a plugin that fails, a restart, texts that are generated meanwhile.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use portcullis::event::EventKind;
use portcullis::extension::conditions::{Conditions, Evaluate};
use portcullis::extension::effects::{Apply, Effects};
use portcullis::guard::GuardPolicy;
use portcullis::host::PluginState;
use portcullis::{Consent, Host, Outcome, Plugin, Receipt, Subject};
use portcullis_generation::{Generator, Storyteller};
use portcullis_state::{
    EventQuery, HistoryOf, HistoryQuery, Item, NpcDocument, Options, SessionDocument, Store, World,
    WorldDocument,
};
use portcullis_tests::rig::{ada, params, shared_cache};
use portcullis_tests::{Sink, limits, plugin};
use serde_json::{Value, json};

const TASKS: usize = 16;
const CALLS: usize = 10_000;

/// A host on the database in a file, whose world `alpha` has the NPC `ada` and the session `s1`.
async fn open(path: &Path) -> (Host, Store) {
    open_with(path, Arc::default()).await
}

async fn open_with(path: &Path, log: Arc<Sink>) -> (Host, Store) {
    let store = Store::open(path, Options::default()).unwrap();
    let fill = |tx: &mut portcullis_state::Transaction<'_>| {
        if tx.worlds().is_empty() {
            let world = World::new("alpha", WorldDocument::default());
            let world = world.npc("ada", NpcDocument::default());
            tx.put_world(world.session("s1", SessionDocument::default()));
        }
        Ok::<_, Infallible>(())
    };
    store.transact("import", fill).await.unwrap();
    let policy = limits(|limits| limits.wall_ms = 30_000).guard(GuardPolicy::default());
    let state = Arc::new(store.clone());
    let host = Host::builder()
        .compile_in_process()
        .policy(policy)
        .compile_cache(shared_cache())
        .log(log)
        .state(state.clone())
        .enabled(state.clone())
        .events(state.clone())
        .guard_store(state)
        .build()
        .unwrap();
    (host, store)
}

async fn load(host: &Host, name: &str) -> Plugin {
    host.load(plugin(name), &Consent::Everything).await.unwrap()
}

/// Lets the guest `keeper` take steps, each of which must be granted.
async fn take(keeper: &Plugin, steps: Value) -> Receipt {
    let params = json!({ "strict": true, "steps": steps });
    apply(keeper, ada(), params).await
}

async fn apply(keeper: &Plugin, subject: Subject, steps: Value) -> Receipt {
    let request = Apply {
        name: "steps".into(),
        params: params(steps),
    };
    keeper.call::<Effects>(subject, request).await
}

async fn ask(plugin: &Plugin, condition: &str) -> Receipt<bool> {
    let request = Evaluate {
        name: condition.into(),
        params: params(json!({})),
    };
    plugin.call::<Conditions>(ada(), request).await
}

/// Proves C3 and C9: 16 tasks make 10,000 calls that each count up one flag and one key. No call fails, both sums are exact, and they are
/// still there after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_increments_add_up() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let sums = |store: &Store| {
        let flag = store.look("alpha", |world| {
            let flags = &world.sessions.get("s1").unwrap().value.flags;
            flags.get("keeper").unwrap().get("n").cloned()
        });
        flag.flatten()
    };
    let (host, store) = open(&path).await;
    let keeper = load(&host, "keeper").await;
    let steps = json!([
        { "op": "flag.increment", "key": "n" },
        { "op": "kv.increment", "key": "n", "by": 1 },
    ]);
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (keeper, steps) = (keeper.clone(), steps.clone());
            tokio::spawn(async move {
                for _ in 0..CALLS / TASKS {
                    let receipt = take(&keeper, steps.clone()).await;
                    assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(sums(&store), Some(json!(CALLS)));
    drop((host, store, keeper));
    let (_host, store) = open(&path).await;
    assert_eq!(sums(&store), Some(json!(CALLS)));
    let key = Item::Kv {
        plugin: "keeper".parse().unwrap(),
        key: "n".into(),
    };
    let history = HistoryQuery {
        of: HistoryOf::Item(key),
        after: None,
        limit: u32::MAX,
    };
    let history = store.history(&history).await.unwrap();
    assert_eq!(history.len(), CALLS);
    let last = history.last().and_then(|entry| entry.change.get("value"));
    assert_eq!(last, Some(&json!(CALLS)));
    assert!(store.check().await.unwrap().is_sound());
}

/// Proves O5 and O6: a condition plugin that fails is disabled after exactly five failures, once, with an event that says why; it stays
/// disabled over a restart, others are called on, and an operator lets it serve again.
#[tokio::test(flavor = "multi_thread")]
async fn a_failing_plugin_stays_disabled_over_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let (host, store) = open(&path).await;
    let (hostile, noop) = (load(&host, "hostile").await, load(&host, "noop").await);
    let mut trapped = 0;
    for _ in 0..20 {
        match ask(&hostile, "unreachable").await.outcome {
            Outcome::Trapped => trapped += 1,
            other => assert_eq!(other, Outcome::NotRun),
        }
        assert_eq!(ask(&noop, "noop").await.reply, Some(true));
    }
    assert_eq!(trapped, 5);
    store.flush().await.unwrap();
    drop((host, store, hostile, noop));

    let (host, store) = open(&path).await;
    let (hostile, noop) = (load(&host, "hostile").await, load(&host, "noop").await);
    let id = hostile.identity().plugin.clone();
    let status = host.plugins().into_iter();
    let status = status.filter(|status| status.identity.plugin == id);
    let status: Vec<_> = status.map(|one| (one.state, one.reason)).collect();
    let why = "disabled after 5 failures in a row".to_owned();
    assert_eq!(status, [(PluginState::Disabled, Some(why.clone()))]);
    assert_eq!(ask(&hostile, "echo").await.outcome, Outcome::NotRun);
    assert_eq!(ask(&noop, "noop").await.reply, Some(true));
    host.enable(&id).await.unwrap();
    assert_eq!(ask(&hostile, "echo").await.outcome, Outcome::Returned);
    store.flush().await.unwrap();
    let tripped = EventQuery {
        plugin: Some(id),
        kinds: vec![EventKind::Tripped],
        limit: 10,
        ..EventQuery::default()
    };
    let page = store.events(&tripped).await.unwrap();
    let messages: Vec<_> = page
        .events
        .iter()
        .map(|(_, event)| &event.message)
        .collect();
    assert_eq!(messages, [&why]);
}

/// Proves C6: a job outlasts a restart, is worked on meanwhile, and the plugin that submitted it reads the text, in its world and session
/// only.
#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_generated_over_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let (host, store) = open(&path).await;
    let keeper = load(&host, "keeper").await;
    let submit = json!([{ "op": "generation.submit", "prompt": "Who is Ada?", "max_tokens": 40, "keep": "job" }]);
    let failed = json!([
        { "op": "generation.submit", "prompt": "Nobody hears this.", "max_tokens": 40 },
        { "op": "trap" },
    ]);
    assert_eq!(take(&keeper, failed).await.outcome, Outcome::Trapped);
    assert_eq!(take(&keeper, submit).await.outcome, Outcome::Returned);
    assert_eq!(
        store.job_counts().queued,
        1,
        "a call that fails submits nothing"
    );
    assert!(store.take_job().await.unwrap().is_some());
    drop((host, store, keeper));

    let log = Arc::<Sink>::default();
    let (host, store) = open_with(&path, log.clone()).await;
    let keeper = load(&host, "keeper").await;
    assert_eq!(store.job_counts().queued, 1, "the restart put it back");
    let generator = Generator::new(store.clone(), Storyteller, Default::default()).start();
    let read = json!({ "steps": [{ "op": "generation.read", "kept": "job" }] });
    for _ in 0..1_000 {
        if store.job_counts().done == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(generator.stop().await.done, 1);
    let here = apply(&keeper, ada(), read.clone()).await;
    assert_eq!(here.outcome, Outcome::Returned, "{here}");
    let told = format!("{:?}", log.all());
    assert!(told.contains("They say that"), "{told}");
    let elsewhere = apply(&keeper, Subject::world("alpha").npc("ada"), read).await;
    assert_eq!(elsewhere.outcome, Outcome::Returned, "{elsewhere}");
    let told = format!("{:?}", log.all().last());
    assert!(told.contains("not found"), "{told}");
}
