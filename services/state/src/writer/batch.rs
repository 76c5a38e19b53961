//! What is written in one transaction of the database: the jobs that waited when the writer came.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use portcullis::PluginId;
use portcullis::event::Event;
use portcullis::write_set::{CommitError, Version, WriteSet};
use tokio::sync::oneshot;

use super::overlay::Overlay;
use super::tally::{self, Tally};
use super::transaction::Transaction;
use super::{Undone, Work, commit};
use crate::content::Layer;
use crate::guard::Records;
use crate::history::{Actor, NewRow};
use crate::memory::Memory;

/// Tells the one who waits; false if the batch could not be written.
type Reply = Box<dyn FnOnce(bool) + Send>;

/// One job's changes.
pub(super) struct Staged {
    pub(super) revision: Version,
    pub(super) actor: Actor,
    pub(super) rows: Vec<NewRow>,
}

pub(super) struct Batch {
    pub(super) at_ms: u64,
    pub(super) revision: Version,
    pub(super) layer: Layer,
    pub(super) staged: Vec<Staged>,
    pub(super) events: Vec<Event>,
    pub(super) guard: Records,
    /// The plugins whose expired keys are gone.
    pub(super) pruned: BTreeSet<PluginId>,
    /// What the plugins have in the store that something was staged for.
    tallies: BTreeMap<PluginId, Tally>,
    replies: Vec<Reply>,
}

impl Batch {
    pub(super) fn new(revision: Version, at_ms: u64) -> Self {
        Self {
            at_ms,
            revision,
            layer: Layer::new(),
            staged: Vec::new(),
            events: Vec::new(),
            guard: Records::new(),
            pruned: BTreeSet::new(),
            tallies: BTreeMap::new(),
            replies: Vec::new(),
        }
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.staged.is_empty() && self.events.is_empty() && self.guard.is_empty()
    }

    /// Stages a call's changes.
    pub(super) fn commit(
        &mut self,
        memory: &Memory,
        set: &WriteSet,
        reply: oneshot::Sender<Result<(), CommitError>>,
    ) {
        self.prune(memory, set);
        let mut overlay = Overlay::new(memory, &self.layer, self.at_ms);
        let tally = self.tally(memory, &set.plugin.plugin);
        let staged = commit::stage(&mut overlay, set, tally, self.revision + 1);
        let layer = overlay.into_job();
        let outcome = staged.map(|rows| {
            let actor = Actor::Plugin {
                identity: (*set.plugin).clone(),
                call: set.call,
                subject: set.subject.clone(),
            };
            self.keep(memory, layer, actor, rows);
        });
        self.replies.push(Box::new(move |written| {
            // Whoever asked may be gone.
            let _gone = reply.send(if written {
                outcome
            } else {
                Err(CommitError::Failed)
            });
        }));
    }

    /// Stages the host's own changes.
    pub(super) fn transact(&mut self, memory: &Memory, actor: String, work: Work) {
        let mut transaction = Transaction(Overlay::new(memory, &self.layer, self.at_ms));
        // A closure that panics drops the sender of its reply, which tells the one who waits.
        let Ok(done) = catch_unwind(AssertUnwindSafe(|| work(&mut transaction))) else {
            tracing::error!(
                actor,
                "a change of the host panicked; nothing of it was made"
            );
            return;
        };
        let outcome = if done.keep {
            transaction.finish().map(Some)
        } else {
            Ok(None)
        };
        let outcome = outcome.map(|changes| {
            if let Some((layer, rows)) = changes {
                self.keep(memory, layer, Actor::Host { what: actor }, rows);
            }
        });
        self.replies.push(Box::new(move |written| {
            (done.reply)(match outcome {
                _ if !written => Err(Undone::Failed),
                outcome => outcome.map_err(Undone::Invalid),
            });
        }));
    }

    /// Keeps a job's changes: they have a revision of their own, which is their documents' version.
    pub(super) fn keep(&mut self, memory: &Memory, layer: Layer, actor: Actor, rows: Vec<NewRow>) {
        if rows.is_empty() {
            return;
        }
        self.revision += 1;
        for (item, mut content) in layer {
            if let Some(content) = &mut content {
                content.set_version(self.revision);
            }
            if let Some(plugin) = tally::plugin_of(&item) {
                let mut tally = self.tally(memory, plugin);
                let old = match self.layer.get(&item) {
                    Some(old) => old.clone(),
                    None => memory.get(&item),
                };
                tally.change(&item, old.as_ref(), content.as_ref());
                self.tallies.insert(plugin.clone(), tally);
            }
            self.layer.insert(item, content);
        }
        self.staged.push(Staged {
            revision: self.revision,
            actor,
            rows,
        });
    }

    /// What a plugin has in the store with what is staged.
    pub(super) fn tally(&self, memory: &Memory, plugin: &PluginId) -> Tally {
        let staged = self.tallies.get(plugin).copied();
        staged.unwrap_or_else(|| Tally::of(memory, plugin))
    }

    /// Tells all who wait.
    pub(super) fn reply(replies: Vec<Reply>, written: bool) {
        for reply in replies {
            // What waits for a reply is the store's own code, but it drops values of the host's.
            if catch_unwind(AssertUnwindSafe(|| reply(written))).is_err() {
                tracing::error!("a value of the host panicked when it was dropped");
            }
        }
    }

    pub(super) fn take_replies(&mut self) -> Vec<Reply> {
        std::mem::take(&mut self.replies)
    }
}
