//! Where responses go.

use async_trait::async_trait;

use crate::item::WorkItem;

/// Brings responses to whoever asked. A response comes here once no plugin has anything against it.
#[async_trait]
pub trait Delivery: Send + Sync + 'static {
    /// Delivers the response of a run.
    ///
    /// # Errors
    /// Why it was not delivered; the run then has failed with this text.
    async fn deliver(&self, run: &str, item: &WorkItem, text: &str) -> Result<(), DeliveryError>;
}

/// Why a response was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DeliveryError(pub String);

/// Leaves responses in the transcripts, for a caller who waits for the run.
#[derive(Clone, Copy, Debug, Default)]
pub struct InTranscript;

#[async_trait]
impl Delivery for InTranscript {
    async fn deliver(&self, _: &str, _: &WorkItem, _: &str) -> Result<(), DeliveryError> {
        Ok(())
    }
}
