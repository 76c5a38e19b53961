//! How well plugins are, by the share of their calls that fail.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use portcullis::guard::GuardPolicy;
use portcullis::health::{HealthPolicy, HealthState, PluginHealth};
use portcullis::{Metrics, Plugin};
use portcullis_tests::{Messenger, Rig, limits, rig};
use serde_json::json;

fn health_of(rig: &Rig, plugin: &str) -> PluginHealth {
    let health = rig.host.health().into_iter();
    let mut own = health.filter(|health| health.plugin.as_str() == plugin);
    own.next().unwrap()
}

/// Calls of which this many fail.
async fn calls(rig: &Rig, hostile: &Plugin, calls: usize, errors: usize) {
    for call in 0..calls {
        let params = if call < errors {
            json!({ "error": "on purpose" })
        } else {
            json!({})
        };
        let _counted = rig.ask(hostile, "echo", params).await;
    }
}

/// Proves O2: a plugin is healthy, degraded, failing or disabled, and says why; nobody's calls are another's.
#[tokio::test(flavor = "multi_thread")]
async fn health_follows_from_the_calls() {
    let rig = Rig::default();
    let hostile = rig.load("hostile").await;
    rig.load("noop").await;
    calls(&rig, &hostile, 9, 9).await;
    let few = health_of(&rig, "hostile");
    assert_eq!(
        (few.state, few.calls, few.errors),
        (HealthState::Healthy, 9, 9)
    );
    calls(&rig, &hostile, 1, 1).await;
    let failing = health_of(&rig, "hostile");
    assert_eq!(
        (failing.state, failing.error_rate, failing.reason.unwrap()),
        (
            HealthState::Failing,
            1.0,
            "10 of 10 calls failed".to_owned()
        )
    );
    calls(&rig, &hostile, 40, 0).await;
    let degraded = health_of(&rig, "hostile");
    assert_eq!(
        (degraded.state, degraded.error_rate),
        (HealthState::Degraded, 0.2)
    );
    let noop = health_of(&rig, "noop");
    assert_eq!(
        (noop.state, noop.calls, noop.error_rate, noop.reason),
        (HealthState::Healthy, 0, 0.0, None)
    );
    rig.host.disable(&"hostile".parse().unwrap()).await.unwrap();
    let disabled = health_of(&rig, "hostile");
    assert_eq!(
        (disabled.state, disabled.reason.unwrap()),
        (HealthState::Disabled, "disabled by an operator".to_owned())
    );
}

/// Proves O2: thresholds are the policy's.
#[tokio::test(flavor = "multi_thread")]
async fn thresholds_are_the_policys() {
    let mut health = HealthPolicy::default();
    health.min_calls = 2;
    health.failing = 1.0;
    let rig = Rig::new(limits(|_| {}).health(health));
    let hostile = rig.load("hostile").await;
    calls(&rig, &hostile, 10, 9).await;
    assert_eq!(health_of(&rig, "hostile").state, HealthState::Degraded);
    let other = rig.load("hostile").await;
    assert_eq!(
        health_of(&rig, "hostile").calls,
        0,
        "what takes its place begins anew"
    );
    calls(&rig, &other, 2, 2).await;
    assert_eq!(health_of(&rig, "hostile").state, HealthState::Failing);
}

/// Proves O2, O6: a plugin that the guard disabled says so, and one on trial how much is left of it.
#[tokio::test(flavor = "multi_thread")]
async fn the_guard_shows_in_the_health() {
    let rig = Rig::new(limits(|_| {}).guard(GuardPolicy::default()));
    let hostile = rig.load("hostile").await;
    for _ in 0..7 {
        let _refused = rig.ask(&hostile, "unreachable", json!({})).await;
    }
    let disabled = health_of(&rig, "hostile");
    assert_eq!(
        (disabled.state, disabled.calls, disabled.reason.unwrap()),
        (
            HealthState::Disabled,
            5,
            "disabled after 5 failures in a row".to_owned()
        ),
        "calls that never ran are none"
    );
    rig.host.enable(&"hostile".parse().unwrap()).await.unwrap();
    calls(&rig, &hostile, 1, 0).await;
    let trial = health_of(&rig, "hostile");
    assert_eq!(
        (trial.state, trial.reason.unwrap()),
        (
            HealthState::Healthy,
            "on trial: 2 more calls must go well".to_owned()
        )
    );
}

/// A sample of the OpenMetrics text: its family, its labels, its value.
struct Sample<'a> {
    name: &'a str,
    labels: Vec<(&'a str, &'a str)>,
    value: f64,
}

/// Reads the text line by line, and fails where a line is no sample, no comment, or names a family that was not declared.
fn parse(text: &str) -> Vec<Sample<'_>> {
    let body = text.strip_suffix("# EOF\n").unwrap();
    let mut samples = Vec::new();
    let mut family = "";
    for line in body.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let (kind, rest) = comment.split_once(' ').unwrap();
            assert!(["HELP", "TYPE", "UNIT"].contains(&kind), "{line}");
            family = rest.split(' ').next().unwrap();
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap();
        assert!(name.starts_with(family), "{line} is not of {family}");
        let labels = labels.strip_suffix('}').unwrap();
        let labels = labels.split(',').map(|label| {
            let (name, value) = label.split_once('=').unwrap();
            let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            assert!(!value.contains(['"', '\\']), "{line}");
            (name, value)
        });
        samples.push(Sample {
            name,
            labels: labels.collect(),
            value: value.parse().unwrap(),
        });
    }
    samples
}

/// A rig with metrics.
fn measured() -> (Rig, Arc<Metrics>) {
    let metrics = Arc::<Metrics>::default();
    let rig = Rig::with(limits(|_| {}), |builder| {
        builder
            .compile_cache(rig::shared_cache())
            .observer(metrics.clone())
    });
    (rig, metrics)
}

/// Proves O4: the metrics are text that can be read back, with the numbers that the metrics have.
#[tokio::test(flavor = "multi_thread")]
async fn metrics_can_be_read_back() {
    let (rig, metrics) = measured();
    let hostile = rig.load("hostile").await;
    calls(&rig, &hostile, 10, 3).await;
    let _applied = rig
        .act(&hostile, "set-flag", json!({ "key": "a", "value": 1 }))
        .await;
    let denied = json!({ "config": "secret" });
    let _denied = rig.ask(&hostile, "read-world", denied).await;
    let text = metrics.prometheus_with(&rig.host.health());
    let samples = parse(&text);
    let value = |name: &str, wanted: &[(&str, &str)]| -> f64 {
        let found = samples.iter().filter(|sample| {
            sample.name == name && wanted.iter().all(|label| sample.labels.contains(label))
        });
        found.map(|sample| sample.value).sum()
    };
    let conditions = ("extension", "conditions");
    let total = "portcullis_calls_total";
    assert_eq!(value(total, &[conditions, ("outcome", "guest-error")]), 4.0);
    assert_eq!(value(total, &[conditions, ("outcome", "returned")]), 7.0);
    assert_eq!(value(total, &[("extension", "effects")]), 1.0);
    assert_eq!(value("portcullis_denials_total", &[conditions]), 1.0);
    let duration = "portcullis_call_duration_seconds";
    let counted =
        |suffix: &str, labels: &[(&str, &str)]| value(&format!("{duration}_{suffix}"), labels);
    assert_eq!(counted("count", &[conditions]), 11.0);
    assert_eq!(counted("bucket", &[conditions, ("le", "+Inf")]), 11.0);
    let rows = metrics.by_extension();
    let row = rows
        .iter()
        .find(|row| row.extension.as_deref() == Some("conditions"))
        .unwrap();
    let sum = counted("sum", &[conditions]);
    assert!((sum - row.total_ns as f64 / 1e9).abs() < 1e-6, "{sum}");
    assert!(value("portcullis_peak_memory_bytes", &[conditions]) > 0.0);
    let health = "portcullis_plugin_health";
    assert_eq!(value(health, &[("state", "degraded")]), 1.0);
    assert_eq!(value(health, &[("state", "healthy")]), 0.0);
    for line in [
        "# TYPE portcullis_calls counter",
        "# TYPE portcullis_call_duration_seconds histogram",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

/// Proves O4: a plugin cannot make series: neither with names of operations, nor with what it writes.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_makes_no_series() {
    let (rig, metrics) = measured();
    let hostile = rig.load("hostile").await;
    let _counted = rig.ask(&hostile, "echo", json!({ "error": "x" })).await;
    let before = parse(&metrics.prometheus()).len();
    for number in 0..50 {
        let name = format!("operation-{number}\"}} 1\n");
        let unknown = rig.ask(&hostile, &name, json!({})).await;
        assert_eq!(unknown.outcome, portcullis::Outcome::GuestError);
        let error = format!("error-{number}");
        let _counted = rig.ask(&hostile, "echo", json!({ "error": error })).await;
    }
    let text = metrics.prometheus();
    let after = parse(&text);
    assert_eq!(after.len(), before, "{text}");
    assert!(!text.contains("operation-") && !text.contains("error-4"));
    let allowed = ["plugin", "extension", "outcome", "le"];
    for sample in after {
        assert!(sample.labels.iter().all(|(name, _)| allowed.contains(name)));
    }
}

/// Proves O4, E9: what became of events is in the metrics by plugin, and no handler is a label.
#[tokio::test(flavor = "multi_thread")]
async fn events_are_in_the_metrics() {
    let (rig, metrics) = measured();
    for (plugin, first, second) in [("ann", "counts-one", "fails"), ("bob", "counts", "keeps")] {
        let hears = Messenger::new(plugin).hears(first, "n").hears(second, "*");
        rig.load_package(hears.package()).await;
    }
    for number in 0..3 {
        rig.emit("n", json!(number)).await;
    }
    rig.host.events_idle().await;
    let text = metrics.prometheus_of(&rig.host.health(), &rig.host.event_statistics());
    let samples = parse(&text);
    let mut found = Vec::new();
    for plugin in ["ann", "bob"] {
        for result in ["handled", "failed", "skipped", "dropped"] {
            let labels = [("plugin", plugin), ("result", result)];
            let is_it =
                |one: &&Sample<'_>| one.name == "portcullis_events_total" && one.labels == labels;
            found.push(samples.iter().find(is_it).unwrap().value);
        }
    }
    assert_eq!(found, [3.0, 3.0, 0.0, 0.0, 6.0, 0.0, 0.0, 0.0]);
    assert!(!text.contains("counts-one"), "{text}");
    let without = metrics.prometheus_with(&rig.host.health());
    assert!(!without.contains("portcullis_events"), "{without}");
}
