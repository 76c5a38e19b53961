//! What makes text of a request.

use std::time::Duration;

use async_trait::async_trait;
use portcullis::write_set::GenerationRequest;

/// Makes text of a request. Several requests may be under way at once.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// The text.
    ///
    /// # Errors
    /// Whether to try again, and why; the text is for the host's log and holds no credentials.
    async fn generate(&self, request: &GenerationRequest) -> Result<String, ProviderError>;
}

/// Why there is no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// It may work later: the provider is busy, or cannot be reached.
    #[error("{why}")]
    Later {
        /// Why not now.
        why: String,
        /// How long the provider asks to wait; `None` if it does not say.
        after: Option<Duration>,
    },
    /// It will not work: the request is refused, or the reply makes no sense.
    #[error("{0}")]
    Never(String),
}

impl ProviderError {
    /// It may work later, and the provider does not say when.
    pub fn later(why: impl Into<String>) -> Self {
        Self::Later {
            why: why.into(),
            after: None,
        }
    }
}
