//! Whoever waits for a call may go away at any moment: the future is dropped at each of its await points, one after the other. A process of its own,
//! which holds all slots of the engine in the end.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use portcullis::engine::SLOTS;
use portcullis::extension::effects::{Apply, Effects};
use portcullis::receipt::Commit;
use portcullis::{Outcome, Plugin};
use portcullis_tests::rig::{ada, params};
use portcullis_tests::{Rig, Trouble, limits};
use serde_json::json;
use tokio::sync::Mutex;

static ONE_BY_ONE: Mutex<()> = Mutex::const_new(());

/// Reads and writes flags and keys, and emits an event.
async fn act(keeper: Plugin) -> Outcome {
    let steps = json!({ "strict": true, "steps": [
        { "op": "flag.increment", "key": "n" },
        { "op": "kv.set", "key": "k", "value": 1 },
        { "op": "kv.get", "key": "k" },
        { "op": "kv.get", "key": "other" },
    ] });
    let request = Apply {
        name: "steps".into(),
        params: params(steps),
    };
    keeper.call::<Effects>(ada(), request).await.outcome
}

/// Polls a call so often, and drops it then; what it ended with, if it did.
async fn polled(keeper: &Plugin, times: usize) -> Option<Outcome> {
    let mut call = pin!(act(keeper.clone()));
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match call.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            // Whoever has to wait was woken by what it waits for: the gates and delays of this test are short.
            Poll::Pending if left > 0 => Poll::Pending,
            Poll::Pending => Poll::Ready(None),
        }
    })
    .await
}

/// All slots of the engine are free: as many calls as it has are in it at the same time.
async fn all_slots_are_free(rig: &Rig) {
    let mut four = Vec::new();
    for id in ["one", "two", "three", "four"] {
        four.push(
            rig.load_package(portcullis_tests::plugins::renamed("hostile", id))
                .await,
        );
    }
    let gate = rig.state.reads.gate();
    let mut holders = tokio::task::JoinSet::new();
    for hostile in four.iter().cycle().take(SLOTS as usize) {
        let (rig, hostile) = (rig.clone(), hostile.clone());
        let config = json!({ "config": "festival" });
        holders.spawn(async move { rig.ask(&hostile, "read-world", config).await.outcome });
    }
    for _ in 0..SLOTS {
        let entered = tokio::time::timeout(Duration::from_secs(60), gate.entered());
        entered
            .await
            .unwrap_or_else(|_| panic!("not all slots came back"));
    }
    rig.state.reads.set(Trouble::None);
    for _ in 0..SLOTS {
        gate.open();
    }
    while let Some(ended) = holders.join_next().await {
        assert_eq!(ended.unwrap(), Outcome::Returned);
    }
}

/// Proves X1, X5, C3: dropped after any number of polls, a call leaves exactly one receipt, which says what became of its changes, and takes
/// nothing along.
#[tokio::test(flavor = "multi_thread")]
async fn dropped_at_each_await_point() {
    let _alone = ONE_BY_ONE.lock().await;
    let rig = Rig::new(limits(|limits| limits.wall_ms = 30_000));
    let keeper = rig.load("keeper").await;
    let loaded = rig.receipts.take().len();
    assert!(loaded <= 2, "{loaded}");
    let wait = Trouble::Delay(Duration::from_millis(1));
    rig.state.reads.set(wait.clone());
    rig.state.commits.set(wait);
    let (mut cancelled, mut returned) = (0, false);
    for times in 0..200 {
        let outcome = polled(&keeper, times).await;
        // A call that was never polled has not begun. One that was dropped while it committed ends by itself.
        let records = rig.receipts(usize::from(times > 0)).await;
        rig.receipts.take();
        let Some(record) = records.first() else {
            continue;
        };
        match record.outcome {
            Outcome::Cancelled => {
                cancelled += 1;
                assert_eq!(outcome, None);
                assert!(
                    matches!(record.commit, Commit::None | Commit::Discarded { .. }),
                    "{record:?}"
                );
            }
            Outcome::Returned => {
                assert!(
                    matches!(record.commit, Commit::Committed { .. }),
                    "{record:?}"
                );
            }
            other => panic!("{other}: {record:?}"),
        }
        if outcome == Some(Outcome::Returned) {
            returned = true;
            break;
        }
    }
    assert!(
        returned && cancelled >= 3,
        "cancelled {cancelled} times, returned {returned}"
    );
    rig.state.reads.set(Trouble::None);
    rig.state.commits.set(Trouble::None);
    all_slots_are_free(&rig).await;
}

/// Proves X1, C7: a port whose answer panics when it is dropped takes nobody along, neither when the call's time runs out nor when whoever waits
/// for the call goes away; the host is to blame for what ended by its port, and slots and stacks come back.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_panics_when_it_is_dropped() {
    let _alone = ONE_BY_ONE.lock().await;
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload().downcast_ref::<&str>();
        if !text.is_some_and(|text| text.contains("on purpose")) {
            before(panic);
        }
    }));
    let brief = Rig::new(limits(|limits| limits.wall_ms = 20));
    let hostile = brief.load("hostile").await;
    brief.receipts.take();
    brief.state.reads.set(Trouble::PanicWhenDropped);
    // More often than there are slots: each must come back.
    for _ in 0..SLOTS + 10 {
        let receipt = brief
            .ask(&hostile, "read-world", json!({ "config": "festival" }))
            .await;
        assert_eq!(receipt.outcome, Outcome::TimedOut, "{receipt}");
        assert_eq!(receipt.blame, Some(portcullis::Blame::Host), "{receipt}");
    }
    let rig = Rig::new(limits(|limits| limits.wall_ms = 30_000));
    let hostile = rig.load("hostile").await;
    rig.receipts.take();
    rig.state.reads.set(Trouble::PanicWhenDropped);
    for call in 0..SLOTS as u64 + 10 {
        let config = json!({ "config": "festival" });
        let mut asking = Box::pin(rig.ask(&hostile, "read-world", config));
        poll_fn(|context| {
            let waits = asking.as_mut().poll(context).is_pending();
            match waits && rig.state.reads.asked() <= call {
                true => Poll::Pending,
                false => Poll::Ready(()),
            }
        })
        .await;
        drop(asking);
        let records = rig.receipts(1).await;
        rig.receipts.take();
        assert_eq!(records.first().unwrap().outcome, Outcome::Cancelled);
    }
    rig.state.reads.set(Trouble::None);
    all_slots_are_free(&rig).await;
}
