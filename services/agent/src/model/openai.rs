//! A model on a server that speaks OpenAI's chat completions protocol.

use async_trait::async_trait;
use portcullis_generation::openai::Connection;

use super::{Answer, Ask, Endpoint, EndpointError, Model, ProviderError, wire};

/// A client of such a server.
pub struct OpenAi(Connection);

impl OpenAi {
    /// A client for the endpoint's server. Which model is asked for is said with each request. Nothing is sent yet.
    ///
    /// # Errors
    /// The address or the key cannot be used.
    pub fn new(endpoint: &Endpoint) -> Result<Self, EndpointError> {
        Ok(Self(Connection::new(endpoint)?))
    }
}

#[async_trait]
impl Model for OpenAi {
    async fn complete(&self, ask: &Ask) -> Result<Answer, ProviderError> {
        let body = serde_json::to_vec(&wire::Request::of(ask))
            .map_err(|error| ProviderError::Never(error.to_string()))?;
        let reply = self.0.complete(body).await?;
        wire::answer(&reply).map_err(|why| ProviderError::Never(self.0.quote(&why)))
    }
}
