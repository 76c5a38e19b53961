//! What a plugin has in the store, counted while a batch is staged.

use portcullis::PluginId;
use portcullis::capability::port::KvUsage;

use super::overlay::Overlay;
use crate::content::Content;
use crate::item::Item;
use crate::keys::Keys;
use crate::memory::Memory;

/// What a plugin has in the store; of its keys also those that have expired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) kv: KvUsage,
}

impl Tally {
    /// What is in memory.
    pub(super) fn of(memory: &Memory, plugin: &PluginId) -> Self {
        Self {
            kv: memory.kv.get(plugin).map(Keys::stored).unwrap_or_default(),
        }
    }

    /// Counts that an item has become another.
    pub(super) fn change(&mut self, item: &Item, old: Option<&Content>, new: Option<&Content>) {
        if let Some(Content::Kv(document)) = old {
            self.kv.keys = self.kv.keys.saturating_sub(1);
            let bytes = document.value.bytes(item.id());
            self.kv.bytes = self.kv.bytes.saturating_sub(bytes);
        }
        if let Some(Content::Kv(document)) = new {
            self.kv.keys += 1;
            let bytes = document.value.bytes(item.id());
            self.kv.bytes = self.kv.bytes.saturating_add(bytes);
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
