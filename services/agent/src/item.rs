//! What an agent works on.

use serde::{Deserialize, Serialize};

use crate::bounds::Bounds;

/// The longest title, in characters: it stands in lists.
const TITLE_CHARS: usize = 200;

/// The most labels.
const LABELS: usize = 32;

/// The longest label, in characters.
const LABEL_CHARS: usize = 64;

/// A work item that somebody asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewWorkItem {
    /// What is to be done, in a line.
    pub title: String,
    /// The same at length; may be empty.
    #[serde(default)]
    pub description: String,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Who asks. It is the caller in the receipts of plugins.
    #[serde(default)]
    pub requester: Option<String>,
}

/// A work item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkItem {
    /// Its id.
    pub id: String,
    /// What is to be done, in a line.
    pub title: String,
    /// The same at length.
    pub description: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who asked for it.
    pub requester: Option<String>,
}

impl NewWorkItem {
    /// What is to be done.
    pub fn new(title: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            description: description.into(),
            ..Self::default()
        }
    }

    /// The same, asked for by somebody.
    #[must_use]
    pub fn requester(mut self, requester: impl Into<String>) -> Self {
        self.requester = Some(requester.into());
        self
    }

    /// What is wrong with it, if anything.
    pub(crate) fn check(&self, bounds: &Bounds) -> Result<(), String> {
        let title = self.title.chars().count();
        if self.title.trim().is_empty() {
            return Err("the work item has no title".to_owned());
        }
        if title > TITLE_CHARS {
            return Err(format!(
                "the title has {title} characters, and at most {TITLE_CHARS} are allowed; say the rest in the description"
            ));
        }
        if self.description.len() > bounds.text_bytes {
            return Err(format!(
                "the description has {} bytes, and at most {} are allowed",
                self.description.len(),
                bounds.text_bytes
            ));
        }
        let is_long = |label: &String| label.chars().count() > LABEL_CHARS;
        if self.labels.len() > LABELS || self.labels.iter().any(is_long) {
            return Err(format!(
                "a work item has at most {LABELS} labels of at most {LABEL_CHARS} characters"
            ));
        }
        Ok(())
    }

    /// The work item, with this id.
    pub(crate) fn with_id(self, id: String) -> WorkItem {
        WorkItem {
            id,
            title: self.title,
            description: self.description,
            labels: self.labels,
            requester: self.requester,
        }
    }
}

impl WorkItem {
    /// What the model is asked.
    pub(crate) fn prompt(&self) -> String {
        match self.description.trim() {
            "" => self.title.clone(),
            description => format!("{}\n\n{description}", self.title),
        }
    }
}
