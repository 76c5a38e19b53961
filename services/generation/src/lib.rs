//! Text generation for a Portcullis host: what stands behind the capability `generation`.
//!
//! A plugin submits a job; the job is stored with the rest of what its call changed, so it is there exactly if the call was committed. A
//! [`Generator`] takes jobs from the [`Store`](portcullis_state::Store) one after another or several at once, asks its [`Provider`] for the
//! text, and stores the result, where the plugin reads it. Jobs outlast a restart of the host: one that was being worked on begins again.
//!
//! | provider | for |
//! |---|---|
//! | [`Storyteller`] | demos and tests: the same request always gets the same text, without any model |
//! | [`OpenAi`] | servers that speak the chat completions protocol of OpenAI: vLLM, llama.cpp, Ollama, OpenAI itself |

mod generator;
pub mod openai;
mod provider;
mod storyteller;
mod work;

pub use generator::{Generator, Options, Progress, Running};
pub use openai::OpenAi;
pub use provider::{Provider, ProviderError};
pub use storyteller::Storyteller;
