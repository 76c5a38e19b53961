//! Who writes the texts that the demo's plugins ask for.

use portcullis_generation::openai::{Endpoint, EndpointError, OpenAi};
use portcullis_generation::{Generator, Storyteller};
use portcullis_state::Store;

use super::Options;

/// The environment variable with the key that a server asks for. A key on the command line would be there for all to see.
const KEY: &str = "OPENAI_API_KEY";

/// A generator for the store's jobs: the storyteller, or the server that the command line names.
pub(super) fn generator(options: &Options, store: &Store) -> Result<Generator, EndpointError> {
    let store = store.clone();
    let Some(base_url) = &options.texts_from else {
        return Ok(Generator::new(store, Storyteller, Default::default()));
    };
    let mut endpoint = Endpoint::new(base_url, &options.model);
    endpoint.api_key = std::env::var(KEY).ok().map(Into::into);
    Ok(Generator::new(
        store,
        OpenAi::new(endpoint)?,
        Default::default(),
    ))
}
