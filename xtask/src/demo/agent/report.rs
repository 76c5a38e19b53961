//! What happened in the demo.

use std::fmt;

use portcullis_agent::{Entry, Outcome, Transcript, Use};
use portcullis_scripted::Received;
use serde::Serialize;

use super::{Options, cast, files, script};

/// What happened. Its `Display` is the transcript, the timeline and what the plugins were there for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AgentReport {
    pub(crate) transcript: Transcript,
    /// The calls of plugins and the chains of hooks, as they began and ended.
    pub(crate) timeline: String,
    /// What is to be seen.
    pub(crate) shown: Vec<Shown>,
}

/// Something that a plugin is there for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shown {
    pub(crate) plugin: &'static str,
    pub(crate) what: &'static str,
    /// Whether it was so. With a model of the user's own it may not come to it.
    pub(crate) seen: bool,
    /// Whether the demo has failed without it.
    pub(crate) needed: bool,
}

impl AgentReport {
    /// `received` is what the demo's own server got; `None` with a server of the user's own.
    pub(super) fn new(
        options: &Options,
        transcript: Transcript,
        timeline: String,
        received: Option<&[Received]>,
    ) -> Self {
        let kept = |plugin: &str| !options.without.iter().any(|out| out == plugin);
        let shown = [
            (
                "redact",
                "the model saw the settings, and no secret in them",
                hides_secrets(&transcript, received),
            ),
            (
                "guardrail",
                "the tool that would write into the repository was refused",
                refuses_tool(&transcript),
            ),
            (
                "guardrail",
                "the response promises nothing and says who wrote it",
                edits_response(&transcript),
            ),
            (
                "budget",
                "the model was one that may be asked, for no more tokens than allowed",
                limits_model(&transcript, received.is_some()),
            ),
        ];
        // What a model of the user's own does is not known beforehand.
        let is_needed = |plugin| received.is_some() && kept(plugin);
        let shown = shown.map(|(plugin, what, seen)| Shown {
            plugin,
            what,
            seen,
            needed: is_needed(plugin),
        });
        Self {
            transcript,
            timeline,
            shown: shown.to_vec(),
        }
    }

    /// Whether the run came to its end, and each plugin that was there has done what it is there for.
    pub(crate) fn is_well(&self) -> bool {
        self.transcript.outcome == Outcome::Delivered
            && self.shown.iter().all(|shown| shown.seen || !shown.needed)
    }
}

/// Whether the settings came to the model without their secrets.
fn hides_secrets(transcript: &Transcript, received: Option<&[Received]>) -> bool {
    let secrets = [files::PASSWORD, files::KEY];
    let leaks = |text: &str| secrets.iter().any(|secret| text.contains(secret));
    let mut messages = transcript.messages();
    let is_read = messages.any(|said| said.role == "tool" && said.content.contains("DATABASE"));
    let told = transcript.messages().any(|said| leaks(&said.content));
    let mut sent = received.unwrap_or_default().iter();
    is_read && !told && !sent.any(|request| leaks(&request.body.to_string()))
}

fn refuses_tool(transcript: &Transcript) -> bool {
    let mut entries = transcript.entries.iter();
    entries.any(|entry| {
        matches!(entry, Entry::Used { came: Use::Refused { by, .. }, .. } if by.starts_with("hook:plugin:guardrail:"))
    })
}

fn edits_response(transcript: &Transcript) -> bool {
    transcript.response().is_some_and(|text| {
        text.ends_with(script::DISCLAIMER) && !text.to_lowercase().contains(script::PHRASE)
    })
}

fn limits_model(transcript: &Transcript, is_own: bool) -> bool {
    let asked = transcript.entries.iter().filter_map(|entry| match entry {
        Entry::Asked {
            model, max_tokens, ..
        } => Some((model, *max_tokens)),
        _ => None,
    });
    let fits = |(model, tokens): (&String, u32)| {
        tokens <= cast::MAX_TOKENS && (!is_own || model == cast::FALLBACK)
    };
    let asked: Vec<_> = asked.map(fits).collect();
    !asked.is_empty() && asked.into_iter().all(|fits| fits)
}

impl fmt::Display for AgentReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.transcript)?;
        writeln!(f, "timeline\n{}\n", self.timeline.trim_end())?;
        for shown in &self.shown {
            let seen = if shown.seen { "yes" } else { "no " };
            writeln!(f, "{seen} {:9} {}", shown.plugin, shown.what)?;
        }
        Ok(())
    }
}
