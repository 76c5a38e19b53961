//! What plugins say, as the host's writers write it down: one line each, in which nothing is hidden. In a process of its own: a subscriber of
//! `tracing` belongs to all threads.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis::capability::{LogSink, TracingSink};
use portcullis::extension::conditions::{Conditions, Evaluate};
use portcullis::log_record::{LogRecord, is_hidden};
use portcullis::observe::Timeline;
use portcullis::{Manifest, Metrics, Outcome, Package, Plugin, Record, Subject};
use portcullis_tests::rig::{ada, params, shared_cache};
use portcullis_tests::{Events, Rig, Sink, Written, chain, limits, work_item};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// What a plugin might say to seem to be somebody else, to move a cursor, or to be read as something that it is not.
const TEXTS: [&str; 42] = [
    "two\nlines",
    "two\\nlines",
    "two\r\nlines",
    "over\rwritten",
    "2026-01-01T00:00:00Z ERROR stealth: forged",
    "\n2026-01-01T00:00:00Z ERROR stealth: forged",
    "\u{1b}[2J\u{1b}[31mred",
    "\\u{1b}[2J\\u{1b}[31mred",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;http://example.com\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{9b}31mC1",
    "\u{9d}0;title\u{9c}",
    "\u{8}\u{8}\u{8}gone",
    "tab\tand\u{b}vertical\u{c}feed",
    "nul\0byte",
    "\u{7f}delete",
    "next\u{85}line",
    "line\u{2028}separator",
    "paragraph\u{2029}separator",
    "\u{202e}desrever",
    "\u{202d}\u{202a}\u{202b}\u{202c}embedded",
    "\u{2066}\u{2067}\u{2068}\u{2069}isolated",
    "\u{200e}\u{200f}\u{61c}marks",
    "zero\u{200b}width",
    "word\u{2060}joiner",
    "\u{2061}\u{2062}\u{2063}\u{2064}invisible",
    "\u{feff}mark",
    "soft\u{ad}hyphen",
    "vowel\u{180e}separator",
    "filler\u{3164}\u{115f}\u{1160}\u{ffa0}",
    "\u{fff9}anno\u{fffa}tated\u{fffb}",
    "\u{e0001}\u{e0041}\u{e0042}\u{e007f}tags",
    "grapheme\u{34f}joiner",
    "\"}\n{\"level\":\"error\",\"plugin\":\"stealth\",\"message\":\"forged\"}",
    "\",\"plugin\":\"stealth\",\"x\":\"",
    "{\"outcome\":\"returned\",\"blame\":null}",
    "plugin=stealth call=c-1 blame=host",
    "} 1\nportcullis_calls_total{plugin=\"stealth\"} 7",
    "\\",
    "trailing backslash\\\n",
    "%s%n{}{0}$(id)`id`",
    "e\u{301}\u{301}\u{301}\u{301} \u{200d} \u{fe0f} \u{fffd}",
];

/// Counts the events of `tracing`.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl<S: tracing::Subscriber> Layer<S> for Counter {
    fn on_event(&self, _: &tracing::Event<'_>, _: Context<'_, S>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Keeps the records and hands them on to `tracing`.
#[derive(Default)]
struct Both(Sink);

impl LogSink for Both {
    fn emit(&self, record: LogRecord) {
        TracingSink.emit(record.clone());
        self.0.emit(record);
    }
}

fn assert_plain(line: &str, text: &str) {
    let hidden = line.chars().find(|c| is_hidden(*c));
    assert_eq!(hidden, None, "{text:?} was written as {line:?}");
}

/// As a line of JSON, a value is one object that reads back as itself. What it says of its plugin is not what the plugin says.
fn assert_object<T: Serialize + DeserializeOwned>(value: &T, text: &str) -> Value {
    let line = serde_json::to_string(value).unwrap();
    assert!(!line.contains('\n'), "{text:?} was written as {line}");
    let mut values = serde_json::Deserializer::from_str(&line).into_iter::<Value>();
    let object = values.next().unwrap().unwrap();
    assert!(object.is_object() && values.next().is_none(), "{line}");
    assert_eq!(
        object["plugin"]["plugin"]
            .as_str()
            .or(object["plugin"].as_str()),
        Some("hostile"),
        "{line}"
    );
    let again = serde_json::to_value(serde_json::from_str::<T>(&line).unwrap()).unwrap();
    assert_eq!(again, object);
    object
}

/// Has a plugin say a text in all the ways it has: in a record, as an error, in what it is denied, as the name of what it is asked.
async fn say(rig: &Rig, plugin: &Plugin, text: &str) -> Vec<Record> {
    rig.receipts.take();
    let said = rig
        .ask(plugin, "say", json!({ "message": text, "level": "error" }))
        .await;
    assert_eq!(said.outcome, Outcome::Returned, "{said}");
    let failed = rig.ask(plugin, "echo", json!({ "error": text })).await;
    assert_eq!(failed.outcome, Outcome::GuestError, "{failed}");
    let denied = json!({ "namespace": text, "key": text });
    let _denied = rig.ask(plugin, "read-foreign", denied).await;
    let unknown = Evaluate {
        name: text.into(),
        params: params(json!({})),
    };
    let about = Subject::world(text).session(text).npc(text).caller(text);
    let unknown = plugin.call::<Conditions>(about, unknown).await;
    assert_eq!(unknown.outcome, Outcome::GuestError, "{unknown}");
    rig.receipts.take()
}

/// Proves C7, O3, O4, O5: whatever a plugin says, each record, receipt, event and line of a timeline is one line and one JSON object, in which
/// nothing is hidden, no two texts are one, and nobody else speaks; no text makes a series of a metric.
#[tokio::test(flavor = "multi_thread")]
async fn what_plugins_say_is_one_line() {
    let (written, counter) = (Written::default(), Counter::default());
    let writer = written.clone();
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(move || writer.clone());
    tracing_subscriber::registry()
        .with(lines)
        .with(counter.clone())
        .init();
    let (sink, events) = (Arc::<Both>::default(), Arc::<Events>::default());
    let (timeline, metrics) = (Arc::<Timeline>::default(), Arc::<Metrics>::default());
    let rig = Rig::with(limits(|_| {}), |builder| {
        builder
            .compile_cache(shared_cache())
            .log(Arc::clone(&sink) as _)
            .events(Arc::clone(&events) as _)
            .observer(Arc::clone(&timeline) as _)
            .observer(Arc::clone(&metrics) as _)
    });
    let hostile = rig.load("hostile").await;
    say(&rig, &hostile, "plain").await;
    let series = metrics.prometheus().lines().count();
    let (mut messages, mut errors) = (BTreeSet::new(), BTreeSet::new());
    for text in TEXTS {
        written.take();
        counter.0.store(0, Ordering::SeqCst);
        timeline.clear();
        let (records, told) = (sink.0.all().len(), events.all().len());
        let receipts = say(&rig, &hostile, text).await;
        let lines = written.take();
        for line in lines.lines() {
            assert_plain(line, text);
        }
        let count = counter.0.load(Ordering::SeqCst);
        assert!(
            count > 0 && lines.matches('\n').count() == count,
            "{text:?}: {lines}"
        );
        for receipt in &receipts {
            assert_plain(&receipt.to_string(), text);
            let object = assert_object(receipt, text);
            assert!(
                object["message"]
                    .as_str()
                    .is_none_or(|message| !message.contains(is_hidden))
            );
        }
        errors.extend(
            receipts
                .iter()
                .filter_map(|one| one.message.clone())
                .take(1),
        );
        for record in sink.0.all().split_off(records) {
            let object = assert_object(&record, text);
            assert_plain(object["message"].as_str().unwrap(), text);
            assert_plain(&format!("{:?}", record.fields), text);
            messages.insert(record.message);
        }
        let told = events.all().split_off(told);
        assert!(told.len() >= 2, "{told:?}");
        for event in told {
            assert_plain(&event.message, text);
            assert_object(&event, text);
        }
        let shown = timeline.to_string();
        assert_eq!(
            shown.lines().count(),
            timeline.moments().len(),
            "{text:?}: {shown}"
        );
        shown.lines().for_each(|line| assert_plain(line, text));
    }
    assert!(
        messages.len() >= TEXTS.len(),
        "two texts are one: {messages:#?}"
    );
    assert_eq!(errors.len(), TEXTS.len(), "two texts are one: {errors:#?}");
    let text = metrics.prometheus();
    assert_eq!(text.lines().count(), series, "{text}");
}

/// Proves E7, E8, O4: so are the reasons and the fields of handlers in the receipt of a chain, whose lines are its steps.
#[tokio::test(flavor = "multi_thread")]
async fn chains_are_a_line_a_step() {
    let rig = Rig::default();
    let handlers = [
        "oversteps-often priority=2",
        "traps priority=1",
        "blocks-at-length",
    ];
    rig.load_package(chain("greedy", &handlers)).await;
    let timeline = Timeline::default();
    let chain = rig.hook(work_item()).await.chain;
    assert!(
        chain
            .blocked()
            .is_some_and(|block| block.reason.contains("no\\nno"))
    );
    portcullis::Observer::chain(&timeline, &chain);
    for shown in [chain.to_string(), timeline.to_string()] {
        assert_eq!(shown.lines().count(), 1 + handlers.len(), "{shown}");
        shown.lines().for_each(|line| assert_plain(line, "a chain"));
    }
    assert!(!serde_json::to_string(&chain).unwrap().contains('\n'));
}

/// Proves P1, C7: what is wrong with a manifest or a component is told in lines that quote it safely.
#[test]
fn what_is_wrong_with_a_plugin_is_told_in_lines() {
    for text in TEXTS {
        for manifest in [
            json!({ "plugin": { "id": text, "name": "a", "version": "1.0.0" } }),
            json!({ "plugin": { "id": "a", "name": text, "version": text, "kind": text } }),
            json!({ "plugin": { "id": "a", "name": "a", "version": "1.0.0", text: 1 } }),
            json!({ "plugin": { "id": "a", "name": "a", "version": "1.0.0" }, "permissions": { text: { "reason": text } } }),
            json!({ "plugin": { "id": "a", "name": "a", "version": "1.0.0" }, text: {} }),
        ] {
            let manifest = toml::to_string(&manifest).unwrap();
            let Err(error) = Manifest::parse("plugin.toml", &manifest) else {
                panic!("{manifest}")
            };
            for problem in &error.problems {
                assert_plain(&problem.to_string(), text);
            }
        }
        let name: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        let twice = format!(
            r#"(component (core module (func (export "{name}")) (func (export "{name}"))))"#
        );
        let error = Package::parse(wat::parse_str(&twice).unwrap()).unwrap_err();
        assert_eq!(error.code(), "component-malformed", "{error}");
        assert_plain(&error.to_string(), text);
    }
}

/// Proves O5: an operator's own words are in no way of telling.
#[test]
fn notes_are_one_line() {
    for text in TEXTS {
        let timeline = Timeline::default();
        timeline.note(text);
        let shown = timeline.to_string();
        assert_eq!(shown.lines().count(), 1);
        assert_plain(shown.trim_end_matches('\n'), text);
        assert!(!Subject::world(text).to_string().contains(is_hidden));
    }
    assert_eq!(ada().to_string(), "world=alpha session=s1 npc=ada");
}
