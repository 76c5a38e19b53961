//! A client for servers that speak OpenAI's chat completions protocol
//! (<https://platform.openai.com/docs/api-reference/chat>): vLLM, llama.cpp, Ollama, OpenAI itself.
//!
//! [`OpenAi`] has them write texts. Whoever says more to them than that, for example an agent with tools, brings requests of its own to a
//! [`Connection`].

mod connection;
mod wire;

use async_trait::async_trait;
use portcullis::write_set::GenerationRequest;

pub use connection::{Connection, Endpoint, EndpointError};

use crate::provider::{Provider, ProviderError};

/// A provider on a server.
pub struct OpenAi {
    connection: Connection,
    model: String,
}

impl OpenAi {
    /// A client for the server. Nothing is sent yet.
    ///
    /// # Errors
    /// The address or the key cannot be used.
    pub fn new(endpoint: Endpoint) -> Result<Self, EndpointError> {
        Ok(Self {
            connection: Connection::new(&endpoint)?,
            model: endpoint.model,
        })
    }
}

#[async_trait]
impl Provider for OpenAi {
    async fn generate(&self, request: &GenerationRequest) -> Result<String, ProviderError> {
        let ask = serde_json::to_vec(&wire::Ask::of(&self.model, request))
            .map_err(|error| ProviderError::Never(error.to_string()))?;
        let reply = self.connection.complete(ask).await?;
        wire::text(&reply).map_err(|why| ProviderError::Never(self.connection.quote(&why)))
    }
}
