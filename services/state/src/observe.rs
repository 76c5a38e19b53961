//! What the host tells the store without waiting: events, and the crash-loop guard's records; and what it asks without waiting: which plugins a world uses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use portcullis::enabled::EnabledSource;
use portcullis::event::{Event, EventSink};
use portcullis::guard::{GuardRecord, GuardStore};
use portcullis::{EnabledPlugins, PluginId};

use crate::event::WAITING;
use crate::store::Store;
use crate::writer::Task;

impl EventSink for Store {
    fn event(&self, event: &Event) {
        let shared = self.shared();
        let waiting = shared.events_waiting.fetch_add(1, Ordering::Relaxed);
        if waiting < WAITING {
            // One warning each time that it fills up, not one for each place that comes free.
            if waiting < WAITING / 2 {
                shared.warned.store(false, Ordering::Relaxed);
            }
            self.send(Task::Event(Box::new(event.clone())));
            return;
        }
        shared.events_waiting.fetch_sub(1, Ordering::Relaxed);
        shared.events_dropped.fetch_add(1, Ordering::Relaxed);
        if !shared.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "{WAITING} events wait to be written; more are dropped until there is room"
            );
        }
    }
}

impl GuardStore for Store {
    fn read(&self) -> BTreeMap<PluginId, GuardRecord> {
        self.with_guard(|records| records.clone())
    }

    fn write(&self, plugin: &PluginId, record: &GuardRecord) {
        // Sent under the lock, so that the last one here is the last one on disk.
        self.with_guard(|records| {
            records.insert(plugin.clone(), record.clone());
            self.send(Task::Guard(plugin.clone(), record.clone()));
        });
    }
}

impl EnabledSource for Store {
    /// Those that the world's list and its workspace's both name, as they are now. A world that is not there uses none; what is about no world
    /// is for all.
    fn enabled(&self, world: &str) -> EnabledPlugins {
        if world.is_empty() {
            return EnabledPlugins::All;
        }
        let enabled = self.look(world, |world| world.enabled.clone());
        enabled.map_or_else(
            || EnabledPlugins::Only(BTreeSet::new()),
            |enabled| (*enabled).clone(),
        )
    }
}
