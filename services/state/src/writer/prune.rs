//! What goes before a call's changes are counted, so that a plugin cannot store more than its share by letting it grow old.

use portcullis::write_set::{Change, Document, Write, WriteSet};

use super::batch::Batch;
use super::overlay::Overlay;
use super::sweep;
use super::transaction::Transaction;
use crate::content::Content;
use crate::history::Actor;
use crate::item::Item;
use crate::job::MOST_STORED;
use crate::job_table::JobTable;
use crate::keys::Keys;
use crate::memory::Memory;

impl Batch {
    /// Removes what the sweep would remove later: the expired keys of a plugin that changes its keys, and the jobs that have been finished
    /// longest of one that submits more than are kept. It is the host's change, not the call's, and stays even if the call's cannot be made.
    pub(super) fn prune(&mut self, memory: &Memory, set: &WriteSet) {
        let mut old = Vec::new();
        let mut documents = set.writes.iter().map(|write| &write.document);
        let plugin = &set.plugin.plugin;
        // The time of a batch stands still: once is enough.
        if documents.any(|document| matches!(document, Document::Kv { .. }))
            && self.pruned.insert(plugin.clone())
        {
            let keys = memory.kv.get(plugin).into_iter();
            let expired = keys.flat_map(|keys: &Keys| keys.expired(self.at_ms));
            old.extend(expired.map(|key| Item::kv(plugin, key)));
        }
        old.extend(self.spare_jobs(memory, set));
        self.remove(memory, old);
    }

    /// The finished jobs that make place for those that a call submits.
    fn spare_jobs(&self, memory: &Memory, set: &WriteSet) -> Vec<Item> {
        let plugin = &set.plugin.plugin;
        let submits = |write: &&Write| matches!(write.change, Change::SubmitGeneration { .. });
        let submitted = set.writes.iter().filter(submits).count();
        let jobs = self.tally(memory, plugin).jobs + submitted as u64;
        let spare = jobs.saturating_sub(MOST_STORED);
        if submitted == 0 || spare == 0 {
            return Vec::new();
        }
        let staged = Overlay::new(memory, &self.layer, self.at_ms);
        let finished = memory.jobs.get(plugin).into_iter();
        finished
            .flat_map(JobTable::finished)
            .map(|(_, job)| Item::generation(plugin, job))
            .filter(|item| staged.has(item))
            .take(usize::try_from(spare).unwrap_or(usize::MAX))
            .collect()
    }

    fn remove(&mut self, memory: &Memory, old: Vec<Item>) {
        if old.is_empty() {
            return;
        }
        let mut transaction = Transaction(Overlay::new(memory, &self.layer, self.at_ms));
        for item in &old {
            // The host may have set the key anew in the same batch.
            let young = matches!(transaction.0.get(item), Some(Content::Kv(key)) if !key.value.expired(self.at_ms));
            if !young {
                transaction.0.remove(item);
            }
        }
        match transaction.finish() {
            Ok((layer, rows)) => {
                let what = sweep::ACTOR.to_owned();
                self.keep(memory, layer, Actor::Host { what }, rows);
            }
            Err(error) => tracing::error!("what is old could not be removed: {error}"),
        }
    }
}
