//! `generation`: submit text generation jobs, and read what came of them. A job is submitted by the call's commit.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use wasmtime::component::Linker;

use super::port::{JobRequest, JobState};
use super::{Capability, Ctx, Granted, HasRoom, Port, RoomError, RoomView};
use crate::pattern::check_key;
use crate::permission::{CapabilityDescriptor, Gate, RawParser};
use crate::write_set::{Change, Document, GenerationRequest, Write};

/// The bindings of the interfaces.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/uses-generation",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        imports: { default: async | trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => crate::capability::RoomError },
    });
}

use bindings::portcullis::plugin::{generation_read, generation_submit};

const SUBMIT: &str = "generation:submit";
const READ: &str = "generation:read";
const SUBMIT_INTERFACE: &str = "portcullis:plugin/generation-submit";
const MAX_PROMPT: usize = 32 * 1024;
const MAX_SYSTEM: usize = 8 * 1024;

/// How much a plugin may have generated. Of `generation:read` there is nothing to narrow: a plugin reads its own jobs.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GenerationScope {
    /// The most tokens of one answer. Default 1,024.
    pub max_tokens: u32,
    /// How many jobs one call may submit. Default 8.
    pub jobs: u32,
}

impl Default for GenerationScope {
    fn default() -> Self {
        Self {
            max_tokens: 1024,
            jobs: 8,
        }
    }
}

/// The capability `generation`. Its port is asked for jobs of earlier calls only.
#[derive(Clone)]
pub struct Generation {
    jobs: Arc<dyn Port<JobRequest>>,
}

impl Generation {
    /// The capability over the embedder's port.
    pub fn new(jobs: Arc<dyn Port<JobRequest>>) -> Self {
        Self { jobs }
    }
}

/// What a plugin holds of `generation`.
pub struct GenerationState {
    jobs: Arc<dyn Port<JobRequest>>,
    /// The smallest numbers of all scopes.
    scope: GenerationScope,
}

impl Capability for Generation {
    type Scope = GenerationScope;
    type State = GenerationState;
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "generation",
        summary: "Submit text generation jobs, all of a call or none, and read how they stand.",
        wit: include_str!("../../wit/generation.wit"),
        gates: &[
            Gate {
                interface: SUBMIT_INTERFACE,
                version: "0.1.0",
                permission: Some(SUBMIT),
            },
            Gate {
                interface: "portcullis:plugin/generation-read",
                version: "0.1.0",
                permission: Some(READ),
            },
        ],
        scope: RawParser::of::<GenerationScope>(),
    };

    fn state(&self, granted: Granted<'_, GenerationScope>) -> GenerationState {
        let scopes = granted.scopes_of(SUBMIT).copied();
        let narrowest = scopes.reduce(|one, other| GenerationScope {
            max_tokens: one.max_tokens.min(other.max_tokens),
            jobs: one.jobs.min(other.jobs),
        });
        GenerationState {
            jobs: self.jobs.clone(),
            scope: narrowest.unwrap_or_default(),
        }
    }

    fn link(linker: &mut Linker<Ctx>, gate: &Gate) -> wasmtime::Result<()> {
        match gate.interface {
            SUBMIT_INTERFACE => {
                generation_submit::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view)
            }
            _ => generation_read::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view),
        }
    }
}

impl RoomView<'_, Generation> {
    fn document(&self, job: &str) -> Document {
        Document::Generation {
            plugin: self.call.plugin().plugin.clone(),
            job: job.into(),
        }
    }

    /// How many jobs this call has submitted.
    fn submitted(&self) -> usize {
        let is_job = |write: &&Write| matches!(&write.change, Change::SubmitGeneration { .. });
        self.call.writes().iter().filter(is_job).count()
    }

    fn check(&mut self, request: &GenerationRequest) -> Result<(), RoomError> {
        let system = request.system.as_ref().map_or(0, String::len);
        if request.prompt.is_empty() || request.prompt.len() > MAX_PROMPT {
            return Err(RoomError::invalid(format!(
                "prompt: must have 1 to {MAX_PROMPT} bytes, has {}",
                request.prompt.len()
            )));
        }
        if system > MAX_SYSTEM {
            return Err(RoomError::invalid(format!(
                "system: at most {MAX_SYSTEM} bytes, has {system}"
            )));
        }
        if request.max_tokens == 0 {
            return Err(RoomError::invalid("max-tokens: at least 1"));
        }
        if request.max_tokens > self.state.scope.max_tokens {
            let asked = format!("generation-submit.submit max-tokens={}", request.max_tokens);
            return Err(self
                .call
                .deny(SUBMIT, asked, "outside the scope `max_tokens`"));
        }
        Ok(())
    }
}

impl generation_submit::Host for RoomView<'_, Generation> {
    async fn submit(&mut self, request: generation_submit::Request) -> Result<String, RoomError> {
        self.enter(SUBMIT, "generation-submit.submit")?;
        let request = GenerationRequest {
            prompt: request.prompt,
            system: request.system,
            max_tokens: request.max_tokens,
        };
        self.check(&request)?;
        let before = self.submitted();
        if before >= usize::try_from(self.state.scope.jobs).unwrap_or(usize::MAX) {
            return Err(RoomError::over_budget());
        }
        // A call that conflicts runs again under the same id and gives the same ids: its jobs were not submitted before.
        let job = format!("gen-{}-{}", self.call.id(), before + 1);
        let size = job.len() + request.size();
        let document = self.document(&job);
        self.call
            .write(document, Change::SubmitGeneration { request }, size)?;
        Ok(job)
    }
}

impl generation_read::Host for RoomView<'_, Generation> {
    async fn read(&mut self, job: String) -> Result<generation_read::State, RoomError> {
        self.enter(READ, "generation-read.read")?;
        check_key("job", &job).map_err(RoomError::invalid)?;
        let document = self.document(&job);
        if self.call.pending(&document).next().is_some() {
            return Ok(generation_read::State::Queued);
        }
        let request = JobRequest::Read {
            plugin: self.call.plugin().plugin.clone(),
            subject: self.call.subject().clone(),
            job: job.into(),
        };
        match self.state.jobs.call(request).await {
            Ok(state) => Ok(state.into()),
            Err(error) => Err(self.call.port_failed("generation", error)),
        }
    }
}

impl From<JobState> for generation_read::State {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Queued => Self::Queued,
            JobState::Running => Self::Running,
            JobState::Done(text) => Self::Done(text),
            JobState::Failed => Self::Failed,
        }
    }
}
