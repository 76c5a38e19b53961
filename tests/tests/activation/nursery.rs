//! A rig with plugins that sleep, and a source of settings that a test can hold up: it is asked whenever a plugin is woken.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use portcullis::clock::SharedClock;
use portcullis::configuration::Settings;
use portcullis::event::EventKind;
use portcullis::extension::conditions::{Conditions, Evaluate};
use portcullis::host::{PluginState, SettingsSource};
use portcullis::{Package, PluginId, Policy, Receipt};
use portcullis_tests::plugins::root;
use portcullis_tests::{Events, Records, Rig, StandingClock, component, embed, rig};

pub(super) fn id(id: &str) -> PluginId {
    id.parse().unwrap()
}

/// A guest whose manifest also says this.
pub(super) fn guest(name: &str, more: &str) -> Package {
    let manifest = root().join(format!("tests/guests/{name}/plugin.toml"));
    let manifest = std::fs::read_to_string(manifest).unwrap();
    embed(&component(name), &format!("{manifest}\n{more}"))
}

/// A guest that is activated on this.
pub(super) fn sleeper(name: &str, on: &str) -> Package {
    guest(name, &format!("[activation]\non = \"{on}\"\n"))
}

/// The plugin `orderly` under another id and version, with more in its manifest.
pub(super) fn orderly(id: &str, version: &str, more: &str) -> Package {
    let manifest = root().join("tests/guests/orderly/plugin.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let manifest = manifest
        .replace("id = \"orderly\"", &format!("id = \"{id}\""))
        .replace("version = \"0.1.0\"", &format!("version = \"{version}\""));
    embed(&component("orderly"), &format!("{manifest}\n{more}"))
}

pub(super) const FIRST_USE: &str = "[activation]\non = \"first-use\"\n";

/// Settings that come when a test lets them, and fail when it says so.
#[derive(Default)]
pub(super) struct SlowSettings {
    asked: AtomicUsize,
    held: Mutex<bool>,
    let_go: Condvar,
    failing: Mutex<BTreeSet<PluginId>>,
}

impl SlowSettings {
    /// From now on whoever asks waits.
    pub(super) fn hold(&self) {
        *self.held.lock().unwrap() = true;
    }

    /// Whoever asks from now on is let in; those who wait go on waiting.
    pub(super) fn let_others_in(&self) {
        *self.held.lock().unwrap() = false;
    }

    pub(super) fn let_go(&self) {
        *self.held.lock().unwrap() = false;
        self.let_go.notify_all();
    }

    /// How often it was asked.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Whether it fails for this plugin from now on.
    pub(super) fn fail(&self, plugin: &str, fails: bool) {
        let mut failing = self.failing.lock().unwrap();
        match fails {
            true => failing.insert(id(plugin)),
            false => failing.remove(&id(plugin)),
        };
    }
}

impl SettingsSource for SlowSettings {
    fn settings(&self, plugin: &PluginId) -> Result<Settings, String> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut held = self.held.lock().unwrap();
        while *held {
            held = self.let_go.wait(held).unwrap();
        }
        match self.failing.lock().unwrap().contains(plugin) {
            true => Err("the vault is sealed".to_owned()),
            false => Ok(Settings::new()),
        }
    }
}

/// A rig and what stands around it.
#[derive(Clone)]
pub(super) struct Nursery {
    pub(super) rig: Rig,
    pub(super) events: Arc<Events>,
    pub(super) clock: StandingClock,
    pub(super) settings: Arc<SlowSettings>,
}

impl Nursery {
    pub(super) fn new(policy: Policy) -> Self {
        Self::remembering(policy, &Arc::default())
    }

    /// With what the guard of an earlier host has kept.
    pub(super) fn remembering(policy: Policy, records: &Arc<Records>) -> Self {
        let (events, clock) = (Arc::<Events>::default(), StandingClock::default());
        let settings = Arc::<SlowSettings>::default();
        let rig = Rig::with(policy, |builder| {
            builder
                .compile_cache(rig::shared_cache())
                .events(events.clone())
                .guard_store(records.clone())
                .settings(settings.clone())
                .clock(SharedClock::new(clock.clone()))
        });
        Self {
            rig,
            events,
            clock,
            settings,
        }
    }

    pub(super) fn state(&self, plugin: &str) -> PluginState {
        let plugins = self.rig.host.plugins().into_iter();
        let mut named = plugins.filter(|status| status.identity.plugin == id(plugin));
        named.next().unwrap().state
    }

    /// The steps of its life that a plugin has gone through.
    pub(super) fn steps(&self, plugin: &str) -> Vec<String> {
        let receipts = self.rig.receipts.all().into_iter();
        let steps = receipts
            .filter(|record| record.extension == "lifecycle" && record.plugin.plugin == id(plugin));
        steps.map(|record| record.operation.to_string()).collect()
    }

    /// How many contributions a plugin has registered.
    pub(super) fn entries(&self, plugin: &str) -> usize {
        let registry = self.rig.host.registry();
        let entries = registry.entries().iter();
        let own = entries.filter(|entry| entry.plugin.identity().plugin == id(plugin));
        own.count()
    }

    /// How often a plugin was woken.
    pub(super) fn woken(&self, plugin: &str) -> usize {
        let of_plugin = self.events.of(plugin).into_iter();
        of_plugin.filter(|kind| *kind == EventKind::Awake).count()
    }

    /// Which version of a plugin is in its place.
    pub(super) fn version(&self, plugin: &str) -> String {
        let plugin = self.rig.host.plugin(&id(plugin)).unwrap();
        plugin.identity().version.to_string()
    }

    /// Asks `first-condition` of a plugin that is `orderly`, by its id.
    pub(super) async fn ask(&self, plugin: &str) -> Receipt<bool> {
        let request = Evaluate {
            name: "first-condition".into(),
            params: Default::default(),
        };
        let (host, id) = (&self.rig.host, id(plugin));
        let asked = host.call::<Conditions>(&id, rig::ada(), request);
        asked.await.unwrap()
    }

    /// Waits until the source of settings was asked so often: the last one that asked may be held up there.
    pub(super) async fn asked(&self, times: usize) {
        until(|| self.settings.asked() >= times).await;
    }

    /// Puts idle plugins to sleep until this one is.
    pub(super) async fn sleep(&self, plugin: &str) {
        for _ in 0..1_000 {
            if self
                .rig
                .host
                .put_idle_to_sleep()
                .await
                .contains(&id(plugin))
            {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("`{plugin}` does not fall asleep");
    }

    /// Puts a plugin to sleep if it is awake.
    pub(super) async fn sleep_if_awake(&self, plugin: &str) {
        if self.state(plugin) == PluginState::Enabled {
            self.sleep(plugin).await;
        }
    }
}

/// Waits until something holds, for ten seconds at most.
pub(super) async fn until(holds: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("it does not come about");
}
