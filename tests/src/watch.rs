//! What a host tells of its plugins, kept; what its guard keeps, over restarts; and a clock that a test sets.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portcullis::PluginId;
use portcullis::clock::Clock;
use portcullis::event::{Event, EventKind, EventSink};
use portcullis::guard::{GuardRecord, GuardStore};

/// Keeps every event.
#[derive(Default)]
pub struct Events(Mutex<Vec<Event>>);

impl Events {
    /// The events so far.
    pub fn all(&self) -> Vec<Event> {
        self.lock().clone()
    }

    /// The kinds of the events so far about a plugin.
    pub fn of(&self, plugin: &str) -> Vec<EventKind> {
        let events = self.lock();
        let own = events
            .iter()
            .filter(|event| event.plugin.plugin.as_str() == plugin);
        own.map(|event| event.kind).collect()
    }

    /// How many events of a kind there were.
    pub fn count(&self, kind: EventKind) -> usize {
        self.lock()
            .iter()
            .filter(|event| event.kind == kind)
            .count()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for Events {
    fn event(&self, event: &Event) {
        self.lock().push(event.clone());
    }
}

/// Keeps the guard's records for as long as somebody holds it, whatever becomes of a host.
#[derive(Default)]
pub struct Records {
    records: Mutex<BTreeMap<PluginId, GuardRecord>>,
    writes: AtomicU64,
}

impl Records {
    /// How often a record was written.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PluginId, GuardRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GuardStore for Records {
    fn read(&self) -> BTreeMap<PluginId, GuardRecord> {
        self.lock().clone()
    }

    fn write(&self, plugin: &PluginId, record: &GuardRecord) {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.lock().insert(plugin.clone(), record.clone());
    }
}

/// A clock that stands until a test moves it. Begins at one second after 1970.
#[derive(Clone)]
pub struct StandingClock(Arc<AtomicU64>);

impl Default for StandingClock {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(1_000)))
    }
}

impl StandingClock {
    /// Lets milliseconds pass.
    pub fn pass(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for StandingClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
