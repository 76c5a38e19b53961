//! Text generation jobs: submitted by commits, worked on by whoever takes them.

use std::sync::Arc;

use portcullis::capability::port::JobState;
use portcullis::write_set::{GenerationRequest, Version};
use portcullis::{PluginId, Subject};
use serde::{Deserialize, Serialize};

/// The most jobs of a plugin that wait or run. A provider takes about a second for each, so it is a quarter of an hour's work; of all its
/// prompts it is at most 40 MiB. A commit that submits more is over quota.
pub(crate) const MOST_UNFINISHED: u64 = 1_000;
/// The most jobs of a plugin that are kept: beyond them the one that has been finished longest goes when a new one is submitted. They
/// would otherwise pile up for [`Options::events_days`](crate::Options::events_days).
pub(crate) const MOST_STORED: u64 = 10_000;

/// A job that was taken: it counts as running until it is finished or put back, or until the store is opened again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The plugin that submitted it.
    pub plugin: PluginId,
    /// Its id; two plugins may use the same.
    pub id: Arc<str>,
    /// Whom the call was about that submitted it.
    pub subject: Subject,
    /// What to generate.
    pub request: GenerationRequest,
    /// How often it was taken, this time included.
    pub attempt: u32,
}

/// How many jobs there are of each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JobCounts {
    /// Those that wait for their turn.
    pub queued: u64,
    /// Those that were taken.
    pub running: u64,
    /// Those that have a text.
    pub done: u64,
    /// Those that failed for good.
    pub failed: u64,
}

impl JobCounts {
    pub(crate) fn count(&mut self, state: &JobState) {
        let place = match state {
            JobState::Queued => &mut self.queued,
            JobState::Running => &mut self.running,
            JobState::Done(_) => &mut self.done,
            JobState::Failed => &mut self.failed,
        };
        *place += 1;
    }
}

/// A job as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobDocument {
    pub(crate) subject: Subject,
    pub(crate) request: GenerationRequest,
    pub(crate) state: JobState,
    pub(crate) attempt: u32,
    /// The revision that submitted it: its place in the queue.
    pub(crate) submitted: Version,
    pub(crate) finished_ms: Option<u64>,
}

impl JobDocument {
    pub(crate) fn new(subject: Subject, request: GenerationRequest, submitted: Version) -> Self {
        Self {
            subject,
            request,
            state: JobState::Queued,
            attempt: 0,
            submitted,
            finished_ms: None,
        }
    }

    /// Whether a call about this subject may read it.
    pub(crate) fn is_of(&self, subject: &Subject) -> bool {
        self.subject.world_id() == subject.world_id()
            && self.subject.session_id() == subject.session_id()
    }
}
