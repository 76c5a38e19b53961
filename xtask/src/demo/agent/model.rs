//! The model of the demo: a server that answers by a script, in a process of its own, or the one that the command line names.

use std::process::Command;
use std::time::Duration;

use portcullis_agent::Transcript;
use portcullis_agent::model::Endpoint;
use portcullis_scripted::{Process, Received};

use super::{DemoError, MODEL, Options, script};

/// The environment variable with the key that a server asks for. A key on the command line would be there for all to see.
const KEY: &str = "OPENAI_API_KEY";

/// The verb of this program that serves a script.
const VERB: [&str; 2] = ["demo", "scripted-model"];

/// A server, and its process if it was started here.
pub(super) struct Served {
    endpoint: Endpoint,
    process: Option<Process>,
}

impl Served {
    /// The server that the options name, or one that was started.
    pub(super) fn of(options: &Options) -> Result<Self, DemoError> {
        if let Some(base_url) = &options.texts_from {
            let model = options.model.as_deref().unwrap_or("default");
            let mut endpoint = Endpoint::new(base_url, model);
            endpoint.api_key = std::env::var(KEY).ok().map(Into::into);
            return Ok(Self {
                endpoint,
                process: None,
            });
        }
        let mut program = Command::new(std::env::current_exe().map_err(DemoError::Server)?);
        program.args(VERB);
        let process = Process::start(program, &script::script()).map_err(DemoError::Server)?;
        let mut endpoint = Endpoint::new(process.base_url(), MODEL);
        endpoint.timeout = Duration::from_secs(30);
        Ok(Self {
            endpoint,
            process: Some(process),
        })
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The model that the agent asks for.
    pub(super) fn model(&self) -> &str {
        &self.endpoint.model
    }

    /// What the server got, if it was started here.
    pub(super) fn received(&self, transcript: &Transcript) -> Option<Vec<Received>> {
        let asked = usize::try_from(transcript.usage.answers).unwrap_or_default();
        self.process.as_ref().map(|process| process.received(asked))
    }
}
