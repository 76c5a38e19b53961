//! Language models.

mod openai;
mod wire;

use async_trait::async_trait;
pub use portcullis::extension::hooks::{Message, ToolCall};
pub use portcullis_generation::ProviderError;
pub use portcullis_generation::openai::{Endpoint, EndpointError};
use serde::Serialize;
use serde_json::Value;

pub use openai::OpenAi;

/// Continues conversations. Several requests may be under way at once.
#[async_trait]
pub trait Model: Send + Sync + 'static {
    /// What the model says next.
    ///
    /// # Errors
    /// Whether to ask again, and why; the text stands in transcripts and holds no credentials.
    async fn complete(&self, ask: &Ask) -> Result<Answer, ProviderError>;
}

/// What a model is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The model's name.
    pub model: String,
    /// The most tokens of the answer.
    pub max_tokens: u32,
    /// How much chance there is in the answer; the model's own choice where nothing is said.
    pub temperature: Option<f64>,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// The tools that it may use.
    pub tools: Vec<Offer>,
}

/// A tool that a model is offered.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The JSON Schema of its arguments, an object.
    pub parameters: Value,
}

/// What a model answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// What it said.
    pub content: Option<String>,
    /// The tools that it wants to use. Arguments that were no JSON stand there as text. An id that is empty or longer than 128 bytes is replaced.
    pub tool_calls: Vec<ToolCall>,
    /// Why it ended, in the server's words: `stop`, `tool_calls`, `length`.
    pub finish: Option<String>,
    /// The tokens of the conversation, if the server counts them.
    pub prompt_tokens: Option<u64>,
    /// The tokens of the answer, if the server counts them.
    pub completion_tokens: Option<u64>,
}

/// How many tokens there are in so many bytes of text, as a rule of thumb: four bytes a token.
pub(crate) fn estimate(bytes: usize) -> u64 {
    bytes.div_ceil(4) as u64
}

/// How many bytes a message has as JSON, which is how plugins and servers get it.
pub(crate) fn bytes_of(message: &Message) -> usize {
    json_bytes(message)
}

/// How many bytes there are in a tool that is offered.
pub(crate) fn bytes_of_offer(offer: &Offer) -> usize {
    offer.name.len() + offer.description.len() + json_bytes(&offer.parameters)
}

/// How many bytes there are in the tools that an answer wants to use.
pub(crate) fn bytes_of_calls(calls: &[ToolCall]) -> usize {
    calls.iter().map(json_bytes).sum()
}

fn json_bytes(value: &impl Serialize) -> usize {
    // What cannot be written goes nowhere.
    serde_json::to_vec(value).map_or(0, |json| json.len())
}
