//! A rig under guard.

use std::sync::Arc;
use std::time::Duration;

use portcullis::clock::SharedClock;
use portcullis::guard::GuardPolicy;
use portcullis::host::PluginState;
use portcullis::{Outcome, Plugin, PluginId, Policy, Receipt};
use portcullis_tests::{Events, Records, Rig, StandingClock, limits, rig};
use serde_json::json;
use tokio::task::JoinHandle;

pub(super) fn id(id: &str) -> PluginId {
    id.parse().unwrap()
}

pub(super) fn guarded() -> Policy {
    limits(|limits| limits.wall_ms = 10_000).guard(GuardPolicy::default())
}

/// A rig under guard, with what stands around its guard.
pub(super) struct Watched {
    pub(super) rig: Rig,
    pub(super) events: Arc<Events>,
    pub(super) clock: StandingClock,
}

impl Watched {
    pub(super) fn new(policy: Policy, records: &Arc<Records>) -> Self {
        let (events, clock) = (Arc::<Events>::default(), StandingClock::default());
        let rig = Rig::with(policy, |builder| {
            builder
                .compile_cache(rig::shared_cache())
                .events(events.clone())
                .clock(SharedClock::new(clock.clone()))
                .guard_store(records.clone())
        });
        Self { rig, events, clock }
    }

    /// The calls of a text, one after the other: `x` traps, `.` goes well, `e` fails by the plugin's own word. Gives what they ended in.
    pub(super) async fn calls(&self, plugin: &Plugin, calls: &str) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for call in calls.chars() {
            let (name, params) = match call {
                'x' => ("unreachable", json!({})),
                'e' => ("echo", json!({ "error": "on purpose" })),
                _ => ("echo", json!({})),
            };
            outcomes.push(self.rig.ask(plugin, name, params).await.outcome);
        }
        outcomes
    }

    /// A call that is asleep in the plugin's own code by now, and does not wake in time.
    pub(super) async fn sleeper(&self, plugin: &Plugin) -> JoinHandle<Receipt> {
        let asked = self.rig.state.reads.asked();
        let (rig, plugin) = (self.rig.clone(), plugin.clone());
        let params = json!({ "key": "sleeper", "ms": 60_000 });
        let call = tokio::spawn(async move { rig.act(&plugin, "increment-flag", params).await });
        while self.rig.state.reads.asked() == asked {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        call
    }

    pub(super) fn status(&self) -> (PluginState, Option<String>) {
        let plugins = self.rig.host.plugins();
        let hostile = plugins
            .into_iter()
            .find(|status| status.identity.plugin == id("hostile"))
            .unwrap();
        (hostile.state, hostile.reason)
    }

    pub(super) fn entries(&self, plugin: &str) -> usize {
        let registry = self.rig.host.registry();
        let entries = registry.entries().iter();
        entries
            .filter(|entry| entry.plugin.identity().plugin == id(plugin))
            .count()
    }

    /// Waits until the plugin contributes nothing any more: the rest of its disabling takes a moment.
    pub(super) async fn disabled(&self, plugin: &str) {
        for _ in 0..1_000 {
            if self.entries(plugin) == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("`{plugin}` still contributes");
    }
}
