//! What a model may do.

mod directory;
mod toolbox;

use async_trait::async_trait;
use serde_json::{Map, Value};

pub use directory::Directory;
pub use toolbox::{Toolbox, ToolboxError};

/// Something that a model may do. Several uses may be under way at once, in different runs.
#[async_trait]
pub trait Tool: Send + Sync + 'static {
    /// Its name: letters, digits, `_` and `-`, at most 64 of them.
    fn name(&self) -> &str;

    /// What it does, for the model.
    fn description(&self) -> &str;

    /// The JSON Schema of its arguments, an object. Arguments that do not fit never get here: the model is told what is wrong.
    fn parameters(&self) -> Value;

    /// Does it. What it says goes to the model, cut to [`Bounds::output_bytes`](crate::Bounds::output_bytes). A use that takes longer than
    /// [`Bounds::tool`](crate::Bounds::tool) is dropped.
    ///
    /// # Errors
    /// What went wrong, for the model: it may try something else.
    async fn run(&self, arguments: Map<String, Value>) -> Result<String, ToolError>;
}

/// Why a tool did not do what it was asked; the model reads it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ToolError(String);

impl ToolError {
    /// Why.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}
