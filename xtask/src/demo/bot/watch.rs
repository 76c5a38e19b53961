//! What the plugins used, from the receipts of their calls.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use portcullis::engine::Observer;
use portcullis::receipt::Commit;
use portcullis::{Outcome, PluginId, Record};

/// Adds receipts up.
#[derive(Default)]
pub(super) struct Watch(Mutex<BTreeMap<PluginId, Used>>);

/// What a plugin used, over all of its calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Used {
    /// Calls by extension and function.
    pub(super) calls: BTreeMap<String, u64>,
    /// Calls that did not return.
    pub(super) failed: u64,
    /// Host calls by capability.
    pub(super) host_calls: BTreeMap<String, u64>,
    /// Changes that were committed.
    pub(super) changes: usize,
    /// What was refused.
    pub(super) denials: usize,
    /// The most memory of a call.
    pub(super) peak_memory_bytes: u64,
}

impl Watch {
    pub(super) fn used(&self, plugin: &PluginId) -> Used {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(plugin).cloned().unwrap_or_default()
    }
}

impl Observer for Watch {
    fn record(&self, record: &Record) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = all.entry(record.plugin.plugin.clone()).or_default();
        let call = format!("{}/{}", record.extension, record.operation);
        *used.calls.entry(call).or_default() += 1;
        used.failed += u64::from(record.outcome != Outcome::Returned);
        for room in &record.room_calls {
            *used
                .host_calls
                .entry(room.capability.to_string())
                .or_default() += room.calls;
        }
        if let Commit::Committed { writes } = record.commit {
            used.changes += writes;
        }
        used.denials += record.denials.len();
        used.peak_memory_bytes = used.peak_memory_bytes.max(record.peak_memory_bytes);
    }
}
