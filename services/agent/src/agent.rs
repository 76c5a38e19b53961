//! The agent.

use std::sync::Arc;

use portcullis::Host;

use crate::bounds::Bounds;
use crate::delivery::{Delivery, InTranscript};
use crate::item::{NewWorkItem, WorkItem};
use crate::model::Model;
use crate::run::Run;
use crate::tool::Toolbox;
use crate::transcript::Transcript;

/// What an agent asks its model for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The workspace that the agent works in: the world of its plugins' calls. The host says which plugins it uses.
    pub workspace: String,
    /// What the model is told about itself.
    pub system: String,
    /// The model's name, as its server knows it.
    pub model: String,
    /// The most tokens of one answer. Default 1,024.
    pub max_tokens: u32,
    /// How much chance there is in its answers; the model's own choice by default.
    pub temperature: Option<f64>,
    /// How far a run may go.
    pub bounds: Bounds,
}

impl Options {
    /// An agent of this workspace with this model.
    pub fn new(workspace: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            workspace: workspace.into(),
            system: "You work on the task that the user gives you. Use the tools where they help. When you are done, say what you found or did."
                .to_owned(),
            model: model.into(),
            max_tokens: 1_024,
            temperature: None,
            bounds: Bounds::default(),
        }
    }
}

/// Works on work items with a model and tools. Cheap to clone; several runs may be under way at once.
#[derive(Clone)]
pub struct Agent(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) host: Host,
    pub(crate) model: Box<dyn Model>,
    pub(crate) tools: Toolbox,
    pub(crate) delivery: Box<dyn Delivery>,
    pub(crate) options: Options,
}

impl Agent {
    /// An agent whose responses stay in its transcripts.
    pub fn new(host: Host, model: impl Model, tools: Toolbox, options: Options) -> Self {
        Self::delivering(host, model, tools, options, InTranscript)
    }

    /// An agent whose responses are delivered.
    pub fn delivering(
        host: Host,
        model: impl Model,
        tools: Toolbox,
        options: Options,
        delivery: impl Delivery,
    ) -> Self {
        Self(Arc::new(Parts {
            host,
            model: Box::new(model),
            tools,
            delivery: Box::new(delivery),
            options,
        }))
    }

    /// Creates a work item and works on it, in one run. Whatever goes wrong stands in the transcript's outcome.
    pub async fn work(&self, item: NewWorkItem) -> Transcript {
        Run::new(&self.0, item.requester.as_deref())
            .create_and_work(item)
            .await
    }

    /// Works on a work item that is there already, in a run of its own. Whatever goes wrong stands in the transcript's outcome.
    pub async fn run(&self, item: WorkItem) -> Transcript {
        Run::new(&self.0, item.requester.as_deref())
            .work(item)
            .await
    }
}
