//! Text generation jobs.

use portcullis::capability::port::JobState;
use portcullis::write_set::GenerationRequest;
use portcullis::{PluginId, Subject};

/// A job as a plugin submitted it.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What to generate.
    pub request: GenerationRequest,
    /// How it stands.
    pub state: JobState,
    pub(super) plugin: PluginId,
    pub(super) subject: Subject,
}

impl Job {
    /// Whether a plugin may read it in a call about this subject.
    pub(super) fn is_of(&self, plugin: &PluginId, subject: &Subject) -> bool {
        self.plugin == *plugin
            && self.subject.world_id() == subject.world_id()
            && self.subject.session_id() == subject.session_id()
    }
}
