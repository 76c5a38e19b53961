//! What a plugin has in the store, counted while a batch is staged.

use portcullis::PluginId;
use portcullis::capability::port::KvUsage;

use super::overlay::Overlay;
use crate::content::Content;
use crate::item::Item;
use crate::job_table::JobTable;
use crate::keys::Keys;
use crate::memory::Memory;

/// What a plugin has in the store; of its keys also those that have expired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) kv: KvUsage,
    pub(super) jobs: u64,
    pub(super) unfinished_jobs: u64,
}

impl Tally {
    /// What is in memory.
    pub(super) fn of(memory: &Memory, plugin: &PluginId) -> Self {
        let jobs = memory.jobs.get(plugin);
        Self {
            jobs: jobs.map_or(0, JobTable::len),
            unfinished_jobs: jobs.map_or(0, JobTable::unfinished),
            kv: memory.kv.get(plugin).map(Keys::stored).unwrap_or_default(),
        }
    }

    /// Counts that an item has become another.
    pub(super) fn change(&mut self, item: &Item, old: Option<&Content>, new: Option<&Content>) {
        match old {
            Some(Content::Kv(key)) => {
                let bytes = key.value.bytes(item.id());
                self.kv.keys = self.kv.keys.saturating_sub(1);
                self.kv.bytes = self.kv.bytes.saturating_sub(bytes);
            }
            Some(Content::Generation(job)) => {
                let unfinished = u64::from(job.value.finished_ms.is_none());
                self.jobs = self.jobs.saturating_sub(1);
                self.unfinished_jobs = self.unfinished_jobs.saturating_sub(unfinished);
            }
            _ => {}
        }
        match new {
            Some(Content::Kv(key)) => {
                let bytes = key.value.bytes(item.id());
                self.kv.keys += 1;
                self.kv.bytes = self.kv.bytes.saturating_add(bytes);
            }
            Some(Content::Generation(job)) => {
                self.jobs += 1;
                self.unfinished_jobs += u64::from(job.value.finished_ms.is_none());
            }
            _ => {}
        }
    }

    /// What its plugin has after a job of its own.
    pub(super) fn after(mut self, job: &Overlay<'_>) -> Self {
        for (item, content) in job.job() {
            self.change(item, job.before(item).as_ref(), content.as_ref());
        }
        self
    }
}

/// The plugin that an item counts for.
pub(super) fn plugin_of(item: &Item) -> Option<&PluginId> {
    match item {
        Item::Kv { plugin, .. } | Item::Generation { plugin, .. } => Some(plugin),
        _ => None,
    }
}
