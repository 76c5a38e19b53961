//! The guest `messenger` under manifests that tests make.

use std::collections::BTreeMap;

use portcullis::Package;
use portcullis::bus::{EventStatistic, EventSubject};
use serde_json::{Value, json};

use crate::plugins::{component, embed};
use crate::rig::{Rig, ada};

/// A manifest in the making: all permissions, every subject, no handler.
pub struct Messenger {
    id: String,
    version: String,
    handlers: Vec<(String, String, Option<u32>)>,
}

impl Messenger {
    /// The guest as the plugin `id`.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            version: "0.1.0".to_owned(),
            handlers: Vec::new(),
        }
    }

    /// In this version.
    #[must_use]
    pub fn version(mut self, version: impl ToString) -> Self {
        self.version = version.to_string();
        self
    }

    /// With one more handler. What it does is its name, up to the first hyphen.
    #[must_use]
    pub fn hears(mut self, name: &str, subject: &str) -> Self {
        self.handlers.push((name.into(), subject.into(), None));
        self
    }

    /// With one more handler, for which so many events may wait.
    #[must_use]
    pub fn hears_up_to(mut self, name: &str, subject: &str, queue: u32) -> Self {
        self.handlers
            .push((name.into(), subject.into(), Some(queue)));
        self
    }

    /// The plugin.
    pub fn package(&self) -> Package {
        embed(&component("messenger"), &self.manifest())
    }

    /// The plugin, activated on this.
    pub fn asleep(&self, on: &str) -> Package {
        let manifest = self.manifest() + &format!("[activation]\non = \"{on}\"\n");
        embed(&component("messenger"), &manifest)
    }

    fn manifest(&self) -> String {
        let mut manifest = format!(
            "[plugin]\nid = \"{0}\"\nname = \"{0}\"\nversion = \"{1}\"\n",
            self.id, self.version
        );
        for permission in [
            "log:emit",
            "kv:read",
            "kv:write",
            "behavior:extend_conditions",
            "behavior:extend_effects",
        ] {
            manifest += &format!("[permissions.\"{permission}\"]\nreason = \"A test.\"\n");
        }
        manifest += "[permissions.\"event:subscribe\"]\nreason = \"A test.\"\n\
                     scope = { subjects = [\">\"] }\n\
                     [permissions.\"event:emit\"]\nreason = \"A test.\"\n\
                     scope = { subjects = [\">\"], per_call = 1000 }\n\
                     [[contributes.conditions]]\nname = \"steps\"\n\
                     [[contributes.effects]]\nname = \"steps\"\n";
        for (name, subject, queue) in &self.handlers {
            manifest +=
                &format!("[[contributes.events]]\nname = \"{name}\"\nsubject = \"{subject}\"\n");
            if let Some(queue) = queue {
                manifest += &format!("queue = {queue}\n");
            }
        }
        manifest
    }
}

impl Rig {
    /// Emits an event by the host, about [`ada`].
    ///
    /// # Panics
    /// It is not taken.
    pub async fn emit(&self, subject: &str, payload: Value) {
        #[expect(clippy::expect_used, reason = "a test cannot go on")]
        let subject = EventSubject::new(subject).expect("a subject");
        let emitted = self.host.emit(subject, &payload, &ada(), "test").await;
        #[expect(clippy::expect_used, reason = "a test cannot go on")]
        emitted.expect("the bus takes it");
    }

    /// What a plugin keeps at a key of its own store.
    pub fn kept(&self, plugin: &str, key: &str) -> Option<Value> {
        let entry = self.state.kv(plugin).remove(key)?;
        Some(entry.value)
    }

    /// What became of the events of a handler, by its plugin and name.
    ///
    /// # Panics
    /// There is no such handler.
    pub fn statistic(&self, plugin: &str, handler: &str) -> EventStatistic {
        let name = format!("event:plugin:{plugin}:{handler}");
        let mut all = self.host.event_statistics().into_iter();
        #[expect(clippy::expect_used, reason = "a test cannot go on")]
        all.find(|one| one.handler == name).expect("the handler")
    }

    /// How many events of a handler were handled, failed, skipped and dropped.
    pub fn counts(&self, plugin: &str, handler: &str) -> [u64; 4] {
        let one = self.statistic(plugin, handler);
        [one.handled, one.failed, one.skipped, one.dropped]
    }

    /// All that the plugins' handlers counted, by plugin and handler.
    pub fn counted(&self, plugin: &str) -> BTreeMap<String, u64> {
        let entries = self.state.kv(plugin).into_iter();
        let counts = entries.filter_map(|(key, entry)| {
            let handler = key.strip_prefix("count/")?.to_owned();
            Some((handler, entry.value.as_u64()?))
        });
        counts.collect()
    }
}

/// The parameters `steps` with one step.
pub fn step(step: Value) -> Value {
    json!({ "steps": [step] })
}
