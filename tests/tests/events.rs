//! What a host tells of its plugins.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use portcullis::clock::SharedClock;
use portcullis::event::EventKind::{self, Denied, Disabled, Enabled, Failed, Loaded, Unloaded};
use portcullis::event::{Event, EventSink};
use portcullis::guard::{GuardPolicy, GuardRecord, GuardStore};
use portcullis::{Outcome, PluginId};
use portcullis_tests::{Events, Rig, StandingClock, limits, rig};
use serde_json::json;

fn told(
    change: impl FnOnce(portcullis::host::HostBuilder) -> portcullis::host::HostBuilder,
) -> (Rig, Arc<Events>) {
    let events = Arc::<Events>::default();
    let rig = Rig::with(limits(|_| {}), |builder| {
        let builder = builder
            .compile_cache(rig::shared_cache())
            .events(events.clone());
        change(builder)
    });
    (rig, events)
}

fn last(events: &Events, kind: EventKind) -> Event {
    let all = events.all().into_iter();
    all.rev().find(|event| event.kind == kind).unwrap()
}

/// Proves O5: a plugin's coming and going is told in order, with the time of the host's clock.
#[tokio::test(flavor = "multi_thread")]
async fn coming_and_going_is_told() {
    let clock = StandingClock::default();
    let (rig, events) = told(|builder| builder.clock(SharedClock::new(clock.clone())));
    let id: PluginId = "orderly".parse().unwrap();
    rig.load("orderly").await;
    rig.load("orderly").await;
    clock.pass(500);
    for _ in 0..2 {
        rig.host.disable(&id).await.unwrap();
    }
    for _ in 0..2 {
        rig.host.enable(&id).await.unwrap();
    }
    rig.host.unload(&id).await.unwrap();
    assert_eq!(
        events.of("orderly"),
        [
            Loaded, Enabled, Loaded, Enabled, Disabled, Enabled, Unloaded
        ]
    );
    let times: Vec<_> = events.all().iter().map(|event| event.at_ms).collect();
    assert_eq!(times, [1_000, 1_000, 1_000, 1_000, 1_500, 1_500, 1_500]);
    let unloaded = last(&events, Unloaded);
    assert_eq!(
        (unloaded.plugin.version.to_string(), unloaded.call),
        ("0.1.0".to_owned(), None)
    );
}

/// Proves O5: a call that fails or is refused something is told, with what failed; one that goes well is not.
#[tokio::test(flavor = "multi_thread")]
async fn failures_and_denials_are_told() {
    let (rig, events) = told(|builder| builder);
    let hostile = rig.load("hostile").await;
    let before = events.all().len();
    let _fine = rig.ask(&hostile, "echo", json!({})).await;
    assert_eq!(events.all().len(), before);

    let failed = rig
        .ask(&hostile, "echo", json!({ "error": "two\nlines" }))
        .await;
    let event = last(&events, Failed);
    assert_eq!(event.call, Some(failed.id));
    assert_eq!(event.message, "conditions/echo guest-error: two\\nlines");

    let denied = rig
        .ask(&hostile, "read-world", json!({ "config": "tax" }))
        .await;
    let event = last(&events, Denied);
    assert_eq!(event.call, Some(denied.id));
    assert!(
        event.message.contains("world:read") && !event.message.contains("more"),
        "{event:?}"
    );

    let refusals =
        json!({ "secrets": [["stealth", "suspicion"], ["stealth", "x"]], "npcs": ["bob"] });
    let probed = rig.ask(&hostile, "namespace-tricks", refusals).await;
    assert_eq!(probed.outcome, Outcome::Returned, "{probed}");
    let more = probed.denials.len() as u64 - 1 + probed.more_denials;
    let event = last(&events, Denied);
    assert_eq!(event.call, Some(probed.id));
    assert!(
        event.message.ends_with(&format!("and {more} more")),
        "{event:?}"
    );
    assert_eq!(
        events.count(Failed),
        2,
        "a call that is refused something and returns is no failure"
    );
}

/// A sink and a store that break.
struct Broken;

impl EventSink for Broken {
    fn event(&self, _: &Event) {
        panic!("a sink breaks");
    }
}

impl GuardStore for Broken {
    fn read(&self) -> std::collections::BTreeMap<PluginId, GuardRecord> {
        panic!("a store breaks");
    }

    fn write(&self, _: &PluginId, _: &GuardRecord) {
        panic!("a store breaks");
    }
}

/// Proves O5, O6: sinks and stores that panic cost the host and the other sinks nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_listens_may_break() {
    let events = Arc::<Events>::default();
    let policy = limits(|_| {}).guard(GuardPolicy::default());
    let rig = Rig::with(policy, |builder| {
        builder
            .compile_cache(rig::shared_cache())
            .events(Arc::new(Broken))
            .events(events.clone())
            .guard_store(Arc::new(Broken))
    });
    let hostile = rig.load("hostile").await;
    for _ in 0..5 {
        assert_eq!(
            rig.ask(&hostile, "unreachable", json!({})).await.outcome,
            Outcome::Trapped
        );
    }
    assert_eq!(
        rig.ask(&hostile, "echo", json!({})).await.outcome,
        Outcome::NotRun
    );
    assert_eq!(events.count(EventKind::Tripped), 1);
    assert_eq!(events.count(Failed), 6);
}
