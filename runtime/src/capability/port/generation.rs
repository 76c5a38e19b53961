//! What `generation` asks of the host. Jobs are submitted by a commit, so only reading them is a question.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{PortError, Request};
use crate::manifest::PluginId;
use crate::subject::Subject;

/// A question about a generation job. `not-found` where there is none, where another plugin submitted it, and where it was submitted in
/// another world or another session than the subject's.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ask")]
pub enum JobRequest {
    /// How the job stands.
    Read {
        /// The plugin that asks.
        plugin: PluginId,
        /// Whom the asking call is about.
        subject: Subject,
        /// The job's id.
        job: Arc<str>,
    },
}

impl Request for JobRequest {
    type Reply = JobState;
    type Error = PortError;
}

/// How a generation job stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "text")]
pub enum JobState {
    /// It waits for its turn.
    Queued,
    /// A generator works on it.
    Running,
    /// It is done, and this is the text.
    Done(String),
    /// The generator failed for good. Why is for the host's log.
    Failed,
}
