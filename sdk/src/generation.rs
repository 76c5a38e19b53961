//! Have text generated, and read it in a later call.
//!
//! Submitting and reading are two permissions: `generation:submit` and `generation:read`. A job waits for its turn until the call that
//! submits it has returned, so its text is for another call: keep the job's id, for example in the plugin's own [`kv`](crate::kv).
//!
//! ```no_run
//! use portcullis_sdk::{Error, generation, kv};
//! use generation::{Request, State};
//! # fn f() -> Result<(), Error> {
//! match kv::get::<String>("greeting")? {
//!     None => {
//!         let request = Request::new("Greet a stranger at the gate.").system("You are a tired guard.");
//!         kv::set("greeting", &generation::submit(request)?)?;
//!     }
//!     Some(job) => {
//!         if let State::Done(text) = generation::read(&job)? { /* ... */ }
//!     }
//! }
//! # Ok(()) }
//! ```

use crate::Error;

crate::bindings::import!("uses-generation", additional_derives: [PartialEq, Eq]);

use bindings::portcullis::plugin::{generation_read, generation_submit};
pub use generation_read::State;
pub use generation_submit::Request;

/// Submits a job, and gives its id. `denied` for more tokens than the scope `max_tokens` allows, `over-budget` for more jobs in one call
/// than the scope `jobs` does. A call that fails submits nothing.
pub fn submit(request: Request) -> Result<String, Error> {
    generation_submit::submit(&request)
}

/// How a job stands. `not-found` unless this plugin submitted it, in this call's world and session.
pub fn read(job: &str) -> Result<State, Error> {
    generation_read::read(job)
}

impl Request {
    /// A request for an answer of at most 256 tokens. A prompt has 1 byte to 32 KiB.
    pub fn new(prompt: impl Into<String>) -> Self {
        Self {
            prompt: prompt.into(),
            system: None,
            max_tokens: 256,
        }
    }

    /// Who the generator is to be and how it is to speak, in at most 8 KiB.
    #[must_use]
    pub fn system(mut self, system: impl Into<String>) -> Self {
        self.system = Some(system.into());
        self
    }

    /// The most tokens of the answer; at least 1.
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: u32) -> Self {
        self.max_tokens = max_tokens;
        self
    }
}
