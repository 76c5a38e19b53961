//! The text generation jobs of one plugin, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use portcullis::capability::port::Versioned;

use crate::job::JobDocument;

type Job = Arc<Versioned<JobDocument>>;

/// The jobs of one plugin, with what its commits ask about them.
#[derive(Default)]
pub(crate) struct JobTable {
    jobs: BTreeMap<Arc<str>, Job>,
    /// The finished jobs, by when.
    finished: BTreeSet<(u64, Arc<str>)>,
}

impl JobTable {
    pub(crate) fn get(&self, job: &str) -> Option<&Job> {
        self.jobs.get(job)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Job)> {
        self.jobs.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(crate) fn len(&self) -> u64 {
        self.jobs.len() as u64
    }

    /// How many wait or run.
    pub(crate) fn unfinished(&self) -> u64 {
        self.len().saturating_sub(self.finished.len() as u64)
    }

    /// The finished jobs, the one that has been longest first, with the time.
    pub(crate) fn finished(&self) -> impl Iterator<Item = &(u64, Arc<str>)> {
        self.finished.iter()
    }

    pub(crate) fn insert(&mut self, job: Arc<str>, document: Job) {
        self.remove(&job);
        if let Some(at_ms) = document.value.finished_ms {
            self.finished.insert((at_ms, job.clone()));
        }
        self.jobs.insert(job, document);
    }

    pub(crate) fn remove(&mut self, job: &Arc<str>) -> Option<Job> {
        let document = self.jobs.remove(job)?;
        if let Some(at_ms) = document.value.finished_ms {
            self.finished.remove(&(at_ms, job.clone()));
        }
        Some(document)
    }
}
