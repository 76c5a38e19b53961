//! A bus that panics, hangs, refuses or breaks off: the host and its plugins outlive it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use portcullis::bus::{Bus, BusError, Message, RequestError, SubjectPattern, Subscription};
use portcullis::host::{EmitError, LocalBus};
use portcullis::receipt::Commit;
use portcullis::{Outcome, Subject};
use portcullis_tests::messenger::step;
use portcullis_tests::rig::shared_cache;
use portcullis_tests::{Messenger, Rig, Trouble, limits};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// A bus in whose messages and subscriptions the first token of the subject says what goes wrong; a reply goes wrong by its payload.
#[derive(Default)]
struct FaultyBus {
    inner: LocalBus,
    /// Whether a subscription to `late` was refused once, and whether one to `broken` has broken off once.
    refused_late: AtomicBool,
    broke_off: Arc<AtomicBool>,
    /// Whether there was a subscription to `once`; there is no second one.
    subscribed: AtomicBool,
}

/// Subscriptions to `slow` wait for a permit.
static SLOW: Semaphore = Semaphore::const_new(0);

fn unavailable() -> BusError {
    BusError::Unavailable("it is out of order".to_owned())
}

/// Runs into what the word says.
async fn run_into(word: &str) -> Result<(), BusError> {
    match word {
        "panics" => panic!("the bus panics on purpose, later"),
        "hangs" => pending().await,
        "refuses" => Err(unavailable()),
        _ => Ok(()),
    }
}

fn word_of(message: &Message) -> String {
    if !message.subject.is_reserved() {
        return first_token(message.subject.as_str());
    }
    let reply: Value = serde_json::from_str(&message.payload).unwrap();
    reply["to"].as_str().unwrap().to_owned()
}

fn first_token(subject: &str) -> String {
    let word = subject.split('.').next().unwrap().to_owned();
    assert_ne!(word, "panics-at-once", "the bus panics on purpose, at once");
    word
}

impl Bus for FaultyBus {
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<(), BusError>> {
        let word = word_of(&message);
        async move {
            run_into(&word).await?;
            self.inner.publish(message).await
        }
        .boxed()
    }

    fn request(
        &self,
        message: Message,
        patience: Duration,
    ) -> BoxFuture<'_, Result<Message, RequestError>> {
        let word = first_token(message.subject.as_str());
        async move {
            run_into(&word).await?;
            let mut reply = self.inner.request(message, patience).await?;
            if word == "garbles" {
                reply.payload = "{".into();
            }
            Ok(reply)
        }
        .boxed()
    }

    fn subscribe(
        &self,
        pattern: SubjectPattern,
        capacity: usize,
    ) -> BoxFuture<'_, Result<Box<dyn Subscription>, BusError>> {
        let word = first_token(pattern.as_str());
        async move {
            run_into(&word).await?;
            if word == "slow" {
                SLOW.acquire().await.unwrap().forget();
            }
            if word == "once" && self.subscribed.swap(true, Ordering::SeqCst) {
                return Err(unavailable());
            }
            if word == "late" && !self.refused_late.swap(true, Ordering::SeqCst) {
                return Err(unavailable());
            }
            let inner = self.inner.subscribe(pattern, capacity).await?;
            let breaks = word == "broken" && !self.broke_off.load(Ordering::SeqCst);
            let broke_off = breaks.then(|| Arc::clone(&self.broke_off));
            Ok(Box::new(FaultySubscription { inner, broke_off }) as Box<dyn Subscription>)
        }
        .boxed()
    }
}

/// A subscription that panics after its first message, if it is to break.
struct FaultySubscription {
    inner: Box<dyn Subscription>,
    broke_off: Option<Arc<AtomicBool>>,
}

impl Subscription for FaultySubscription {
    fn next(&mut self) -> BoxFuture<'_, Option<Message>> {
        async {
            if let Some(broke_off) = &self.broke_off {
                assert!(
                    !broke_off.load(Ordering::SeqCst),
                    "the bus breaks off on purpose"
                );
            }
            let message = self.inner.next().await;
            if let Some(broke_off) = &self.broke_off {
                broke_off.store(true, Ordering::SeqCst);
            }
            message
        }
        .boxed()
    }

    fn dropped(&self) -> u64 {
        self.inner.dropped()
    }
}

fn rig() -> Rig {
    Rig::with(limits(|limits| limits.wall_ms = 20_000), |builder| {
        let bus = Arc::new(FaultyBus::default());
        builder.compile_cache(shared_cache()).bus(bus)
    })
}

/// Waits until a handler has handled so many events, which may come after a pause of the handler's.
async fn until_handled(rig: &Rig, handler: &str, count: u64, emit: &str) {
    for _ in 0..2_000 {
        if rig.counts("hears", handler)[0] >= count {
            return;
        }
        rig.emit(emit, Value::Null).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", rig.counts("hears", handler));
}

/// Proves C8, X3: what a bus does not take when a call has returned is lost and counted; the call's changes stand, and the other events are heard.
#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_fails_at_the_commit_loses_events_only() {
    let rig = rig();
    let hears = Messenger::new("hears").hears("counts", "fine.>").package();
    rig.load_package(hears).await;
    let emits = rig.load_package(Messenger::new("emits").package()).await;
    for word in ["panics", "panics-at-once", "refuses", "hangs"] {
        let emit = |subject: &str| json!({ "op": "emit", "subject": format!("{subject}.a") });
        let steps = json!({ "steps": [
            emit("fine"), emit(word), { "op": "set", "key": word, "value": 1 },
        ] });
        let receipt = rig.act(&emits, "steps", steps).await;
        assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
        assert_eq!(receipt.commit, Commit::Committed { writes: 1 });
        assert_eq!((receipt.emitted, receipt.lost_events), (1, 1), "{word}");
        assert_eq!(rig.kept("emits", word), Some(json!(1)));
        rig.host.events_idle().await;
    }
    assert_eq!(rig.counts("hears", "counts"), [4, 0, 0, 0]);
}

/// Proves C8, X3: a request that the bus fails at is `unavailable`, and the call goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_fails_at_a_request_is_unavailable() {
    let rig = rig();
    let hears = Messenger::new("hears")
        .hears("replies", "garbles")
        .hears("replies-too", "fine");
    rig.load_package(hears.package()).await;
    let asks = rig.load_package(Messenger::new("asks").package()).await;
    for word in ["panics", "panics-at-once", "refuses", "hangs", "garbles"] {
        let timeout_ms = if word == "hangs" { 300 } else { 20_000 };
        let steps = json!({ "steps": [
            { "op": "request", "subject": word, "payload": "fine", "timeout_ms": timeout_ms },
            { "op": "set", "key": word, "value": 1 },
            { "op": "request", "subject": "fine", "payload": "fine", "timeout_ms": 20_000 },
        ] });
        let receipt = rig.ask(&asks, "steps", steps).await;
        assert_eq!(receipt.reply, Some(false), "{receipt}");
        assert_eq!(rig.kept("asks", word), Some(json!(1)));
        let log = rig.log.all();
        let said: Vec<_> = log
            .iter()
            .rev()
            .take(3)
            .map(|one| one.fields.clone())
            .collect();
        let [fine, _, refused] = said.as_slice() else {
            panic!("{said:?}");
        };
        let field = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
        assert_eq!(
            *refused,
            field("refused", "the host cannot serve this now"),
            "{word}"
        );
        assert_eq!(*fine, field("answer", r#"{"to":"fine"}"#), "{word}");
    }
}

/// Proves E9, X3: a reply that the bus does not take is lost, and the handler goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_fails_at_a_reply_loses_the_reply_only() {
    let rig = rig();
    let hears = Messenger::new("hears").hears("replies", "ask").package();
    rig.load_package(hears).await;
    let (asked, patience) = (
        async |word: &str, patience| {
            let (subject, about) = ("ask".parse().unwrap(), Subject::none());
            rig.host
                .request(subject, &json!(word), &about, "test", patience)
                .await
        },
        Duration::from_millis(300),
    );
    for word in ["panics", "refuses", "hangs"] {
        let timed_out = Err(EmitError::Request(RequestError::TimedOut));
        assert_eq!(asked(word, patience).await, timed_out, "{word}");
    }
    let reply = asked("fine", Duration::from_secs(60)).await;
    assert_eq!(reply, Ok(json!({ "to": "fine" })));
    assert_eq!(rig.counts("hears", "replies")[1..], [0, 0, 0]);
}

/// Proves E9, X3: a bus that does not let a handler hear keeps no plugin from being loaded, and no other handler from hearing; it is asked again.
#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_does_not_subscribe_is_asked_again() {
    let rig = rig();
    let hears = [
        "panics",
        "panics-at-once",
        "refuses",
        "hangs",
        "late",
        "fine",
    ]
    .iter()
    .fold(Messenger::new("hears"), |hears, word| {
        hears.hears(&format!("counts-{word}"), &format!("{word}.a"))
    });
    rig.load_package(hears.package()).await;
    rig.emit("fine.a", Value::Null).await;
    rig.host.events_idle().await;
    assert_eq!(rig.counts("hears", "counts-fine"), [1, 0, 0, 0]);
    until_handled(&rig, "counts-late", 1, "late.a").await;
    // They ask on, and end with their plugin.
    rig.host.unload(&"hears".parse().unwrap()).await.unwrap();
    rig.host.events_idle().await;
}

/// Proves E9, X3: a bus that breaks off is asked again.
#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_breaks_off_is_asked_again() {
    let rig = rig();
    let hears = Messenger::new("hears")
        .hears("counts", "broken.>")
        .package();
    rig.load_package(hears).await;
    until_handled(&rig, "counts", 3, "broken.a").await;
    let [_, failed, skipped, _] = rig.counts("hears", "counts");
    assert_eq!((failed, skipped), (0, 0));
}

/// Loads a version of the plugin `hears` in a task of its own; gives it once the version is in its place.
async fn loading(rig: &Rig, version: u64, hears: Messenger) -> JoinHandle<()> {
    let loads = {
        let package = hears.version(format!("1.0.{version}")).package();
        let rig = rig.clone();
        tokio::spawn(async move { drop(rig.load_package(package).await) })
    };
    let hears = "hears".parse().unwrap();
    let there = || Some(rig.host.plugin(&hears)?.identity().version.patch);
    while there() != Some(version) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    loads
}

/// Proves E9, X7: who loads a version that hears again what an earlier one heard, while the bus takes its time, does not wait for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_hears_again_what_was_heard_is_loaded() {
    let rig = rig();
    let mut loads = Vec::new();
    for (version, subject) in [(0, "slow.a"), (1, "slow.b"), (2, "slow.a")] {
        let hears = Messenger::new("hears").hears("counts", subject);
        loads.push(loading(&rig, version, hears).await);
    }
    SLOW.add_permits(3);
    for load in loads {
        let loaded = tokio::time::timeout(Duration::from_secs(60), load).await;
        loaded.unwrap().unwrap();
    }
}

/// Proves E9, X3: what waits when another version hears something else is handled, as much as the version wants, also if the bus refuses it.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_handled_without_the_bus() {
    let rig = rig();
    let first = Messenger::new("hears").hears("keeps", "once.*");
    rig.load_package(first.version("1.0.0").package()).await;
    let gate = rig.state.commits.gate();
    for number in 0..6 {
        rig.emit("once.a", json!(number)).await;
    }
    gate.entered().await;
    let second = Messenger::new("hears").hears_up_to("keeps", "once.>", 2);
    let load = loading(&rig, 1, second).await;
    rig.state.commits.set(Trouble::None);
    gate.open();
    load.await.unwrap();
    let idle = tokio::time::timeout(Duration::from_secs(60), rig.host.events_idle());
    idle.await.unwrap();
    assert_eq!(rig.kept("hears", "kept/keeps"), Some(json!([0, 1, 2])));
    assert_eq!(rig.counts("hears", "keeps"), [3, 0, 0, 3]);
}

/// Proves E9, X3: the host's own events tell that the bus did not take them.
#[tokio::test(flavor = "multi_thread")]
async fn the_host_is_told_that_the_bus_failed() {
    let rig = rig();
    for word in ["panics", "panics-at-once", "refuses"] {
        let (subject, about) = (format!("{word}.a").parse().unwrap(), Subject::none());
        let emitted = rig.host.emit(subject, &Value::Null, &about, "test").await;
        assert!(
            matches!(emitted, Err(EmitError::Bus(_))),
            "{word}: {emitted:?}"
        );
    }
    let emits = rig.load_package(Messenger::new("emits").package()).await;
    let emit = json!({ "op": "emit", "subject": "fine" });
    let receipt = rig.act(&emits, "steps", step(emit)).await;
    assert_eq!((receipt.emitted, receipt.lost_events), (1, 0));
}
