//! What is told of while a call runs is told of its plugin and of the call. In a process of its own: a subscriber of `tracing` belongs to all
//! threads.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use portcullis::capability::port::{Answer, Port};
use portcullis::grant::{Consent, OnDenied};
use portcullis::write_set::WriteSet;
use portcullis_tests::{MemoryState, Rig, Trouble, limits, plugin, rig};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

type Fields = BTreeMap<String, String>;

/// An event: its own fields, and those of the span of the call that it happened in.
#[derive(Clone, Debug)]
struct Told {
    own: Fields,
    call: Option<Fields>,
}

/// Keeps every event.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<Told>>>);

struct Reader<'a>(&'a mut Fields);

impl Visit for Reader<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Listener {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::new();
        attributes.record(&mut Reader(&mut fields));
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        let mut own = Fields::new();
        event.record(&mut Reader(&mut own));
        let spans = context.event_scope(event).into_iter().flatten();
        let call = spans
            .filter(|span| span.name() == "call")
            .find_map(|span| span.extensions().get::<Fields>().cloned());
        self.0.lock().unwrap().push(Told { own, call });
    }
}

impl Listener {
    fn take(&self) -> Vec<Told> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A store that says what it does.
struct Talkative(MemoryState);

impl Port<WriteSet> for Talkative {
    fn call(&self, set: WriteSet) -> Answer<'_, WriteSet> {
        tracing::info!("a commit");
        self.0.call(set)
    }
}

struct Clumsy;

impl portcullis::Observer for Clumsy {
    fn record(&self, _: &portcullis::Record) {
        tracing::info!("an observer sees");
        panic!("an observer breaks");
    }
}

/// Proves O3: events of ports, of rooms and of the host are tagged with plugin, version, call, extension and operation; what the runtime tells
/// itself carries plugin, version and call in its own fields, too.
#[tokio::test(flavor = "multi_thread")]
async fn events_inside_a_call_are_tagged() {
    let listener = Listener::default();
    tracing_subscriber::registry().with(listener.clone()).init();
    let rig = Rig::with(limits(|_| {}).on_denied(OnDenied::Warn), |builder| {
        builder
            .compile_cache(rig::shared_cache())
            .commit(Arc::new(Talkative(MemoryState::two_worlds())))
            .observer(Arc::new(Clumsy))
    });
    let hostile = rig.load("hostile").await;
    let consent = Consent::to(["behavior:extend_conditions", "behavior:extend_effects"]);
    let optional = plugin("optional-session-write");
    let optional = rig.host.load(optional, &consent).await.unwrap();
    listener.take();

    let wrote = rig
        .act(&hostile, "set-flag", json!({ "key": "a", "value": 1 }))
        .await;
    let told = listener.take();
    for message in ["a commit", "an observer sees", "an observer panicked"] {
        let event = told
            .iter()
            .find(|told| told.own.get("message").is_some_and(|said| said == message))
            .unwrap_or_else(|| panic!("{message}: {told:#?}"));
        let call = event.call.as_ref().unwrap_or_else(|| panic!("{event:?}"));
        let expected = [
            ("plugin", "hostile".to_owned()),
            ("version", "0.1.0".to_owned()),
            ("call", wrote.id.to_string()),
            ("extension", "effects".to_owned()),
            ("operation", "set-flag".to_owned()),
        ];
        for (field, value) in expected {
            assert_eq!(call.get(field), Some(&value), "{event:?}");
        }
    }

    rig.state.reads.set(Trouble::Fail);
    let failed = rig
        .ask(&hostile, "read-flag", json!({ "key": "of-world" }))
        .await;
    let told = listener.take();
    let port = told
        .iter()
        .find(|told| told.own.contains_key("capability"))
        .unwrap();
    let call = port.call.as_ref().unwrap();
    assert_eq!(call["operation"], "read-flag", "{port:?}");
    assert_eq!(call["call"], failed.id.to_string(), "{port:?}");

    let denied = rig.ask(&optional, "try-write", json!({})).await;
    let own: Vec<_> = listener
        .take()
        .into_iter()
        .filter(|told| told.own.contains_key("plugin"))
        .collect();
    assert!(own.len() >= 2, "a denial, and an observer that panicked");
    for told in own {
        assert_eq!(told.own["plugin"], "optional-session-write", "{told:?}");
        assert_eq!(told.own["version"], "0.1.0", "{told:?}");
        assert_eq!(told.own["call"], denied.id.to_string(), "{told:?}");
    }
}
