//! An agent on a Portcullis host: it works on work items with a language model and tools, and plugins may look at each step, change it and stop
//! it.
//!
//! | step | hook points |
//! |---|---|
//! | a work item is created | `work_item.pre_create`, `work_item.post_create` |
//! | a run begins | `run.pre_prompt` |
//! | each turn, the model is asked | `model.pre_call`, `model.post_call` |
//! | each tool that it wants to use is used | `tool.pre_exec`, `tool.post_exec` |
//! | what it says at last is delivered | `response.pre_deliver`, `response.post_deliver` |
//!
//! What a handler changes is used: the model gets the changed request, a tool the changed arguments, the model the changed output. A handler that
//! blocks ends the run, with an [`Outcome`] that says who and why; but at the two points of tools it ends the use of that one tool, and
//! the model is told that it was refused, or that its output was withheld.
//!
//! An [`Agent`] asks a [`Model`], for example a server that speaks OpenAI's chat completions protocol ([`OpenAi`]), and offers it [`Tool`]s, for
//! example those of a [`Directory`]. Everything has a limit ([`Bounds`]). Each run leaves a [`Transcript`].

mod agent;
mod bounds;
mod caught;
mod delivery;
mod item;
pub mod model;
mod run;
mod text;
pub mod tool;
mod transcript;

pub use agent::{Agent, Options};
pub use bounds::Bounds;
pub use delivery::{Delivery, DeliveryError, InTranscript};
pub use item::{NewWorkItem, WorkItem};
pub use model::{Model, OpenAi};
pub use tool::{Directory, Tool, Toolbox};
pub use transcript::{Bound, Entry, Outcome, Transcript, Usage, Use};
