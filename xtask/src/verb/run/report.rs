//! What `run` prints.

use std::fmt;
use std::path::{Path, PathBuf};

use portcullis::extension::Skip;
use portcullis::host::{LoadError, WakeError};
use portcullis::package::Digest;
use portcullis::problem::Problem;
use portcullis::subject::Context;
use portcullis::write_set::Write;
use portcullis::{Manifest, Outcome, PluginId, Receipt};
use serde::Serialize;
use serde_json::Value;

use super::call::Call;
use crate::log::Output;
use crate::stage::Stage;
use crate::status::Status;
use crate::terminal::{one_line, problem_lines};

/// A call that was made: its receipt, and what it changed.
#[derive(Serialize)]
pub(super) struct Ran {
    #[serde(flatten)]
    receipt: Receipt<Value>,
    /// The permissions that the plugin held.
    permissions: Vec<&'static str>,
    /// What was committed to the worlds in memory.
    changes: Vec<Write>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    output: Option<Output>,
}

impl Ran {
    pub(super) fn of(
        receipt: Receipt<Value>,
        permissions: Vec<&'static str>,
        stage: &Stage,
    ) -> Self {
        Self {
            receipt,
            permissions,
            changes: stage.changes(),
            output: None,
        }
    }

    /// The plugin's own `load` or `enable` failed, so that the call was not made: that receipt tells why.
    pub(super) fn of_failed_start(receipt: Receipt, stage: &Stage) -> Self {
        Self::of(
            Receipt {
                record: receipt.record,
                reply: None,
            },
            Vec::new(),
            stage,
        )
    }

    pub(super) fn with_output(mut self, output: Option<Output>) -> Self {
        self.output = output;
        self
    }

    pub(super) fn status(&self) -> Status {
        Status::of_outcome(self.receipt.outcome)
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", one_line(&self.receipt))?;
        if let Some(reply) = self.receipt.reply.as_ref().filter(|reply| !reply.is_null()) {
            write!(f, "\nreply: {}", one_line(reply))?;
        }
        for change in &self.changes {
            let change = serde_json::to_string(change).map_err(|_| fmt::Error)?;
            write!(f, "\nchange: {}", one_line(&change))?;
        }
        Ok(())
    }
}

/// A call that was not made, and why.
#[derive(Serialize)]
pub(super) struct NotRun {
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<PluginId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    extension: String,
    operation: String,
    message: String,
    reply: Option<Value>,
    permissions: Vec<&'static str>,
    changes: Vec<Write>,
    problems: Vec<Problem>,
    /// What to add to the command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    #[serde(skip)]
    path: PathBuf,
    #[serde(skip)]
    status: Status,
}

impl NotRun {
    fn new(call: &Call, message: String, problems: Vec<Problem>, status: Status) -> Self {
        Self {
            outcome: Outcome::NotRun,
            plugin: None,
            version: None,
            digest: None,
            extension: call.extension.clone(),
            operation: call.name.clone(),
            message,
            reply: None,
            permissions: Vec::new(),
            changes: Vec::new(),
            problems,
            help: None,
            path: PathBuf::new(),
            status,
        }
    }

    /// The file is no plugin.
    pub(super) fn of_file(path: &Path, call: &Call, problems: Vec<Problem>) -> Self {
        Self {
            path: path.to_owned(),
            ..Self::new(
                call,
                "the file is no plugin".to_owned(),
                problems,
                Status::Plugin,
            )
        }
    }

    /// The host did not load it.
    pub(super) fn of_load(call: &Call, error: &LoadError) -> Self {
        let problems = match error {
            LoadError::Grant(error) => error.problems.clone(),
            LoadError::Package(error) => error.problems(),
            LoadError::Configuration { problems, .. } => problems.clone(),
            error => vec![Problem::error("load-failed", error.to_string())],
        };
        let status = match error {
            LoadError::Prepare(error) if error.is_of_host() => Status::Host,
            LoadError::Read(_) | LoadError::Panicked | LoadError::ShuttingDown => Status::Host,
            LoadError::Configuration { .. } => Status::CommandLine,
            _ => Status::Plugin,
        };
        let why = "the plugin is refused; nothing of it ran".to_owned();
        let mut not_run = Self::new(call, why, problems, status);
        if matches!(error, LoadError::Configuration { .. }) {
            let help = "values are set with --config FILE or --set KEY=JSON, secrets with --secret KEY=ENV_VAR";
            not_run.help = Some(help.to_owned());
        }
        not_run
    }

    /// The host loaded it, and did not get it ready for the call.
    pub(super) fn of_wake(call: &Call, error: &WakeError) -> Self {
        let status = match error {
            WakeError::Failed { outcome, .. } if *outcome != Outcome::HostFault => Status::Plugin,
            _ => Status::Host,
        };
        let why = "the plugin cannot be woken; nothing of it ran".to_owned();
        let problem = Problem::error("wake-failed", error.to_string());
        Self::new(call, why, vec![problem], status)
    }

    /// The host loaded it, and did not make the call.
    pub(super) fn of_skip(call: &Call, skip: Skip) -> Self {
        let (status, help) = match skip {
            Skip::MissingContext(Context::World) => (
                Status::CommandLine,
                Some("name one with --world-id ID, or load one with --world FILE"),
            ),
            Skip::MissingContext(Context::Session) => {
                (Status::CommandLine, Some("name one with --session ID"))
            }
            Skip::MissingContext(Context::Npc) => {
                (Status::CommandLine, Some("name one with --npc ID"))
            }
            Skip::Unknown => (
                Status::Plugin,
                Some("the manifest lists it; the plugin's own `load` did not register it"),
            ),
            _ => (Status::Host, None),
        };
        let mut not_run = Self::new(call, skip.to_string(), Vec::new(), status);
        not_run.help = help.map(str::to_owned);
        not_run
    }

    /// Of this plugin.
    pub(super) fn of_plugin(mut self, manifest: &Manifest, digest: Digest) -> Self {
        self.plugin = Some(manifest.id.clone());
        self.version = Some(manifest.version.to_string());
        self.digest = Some(digest);
        self
    }

    /// Names the flags that would accept what the plugin needs.
    pub(super) fn flags(mut self: Box<Self>, missing: &[&str]) -> Box<Self> {
        if !missing.is_empty() {
            let flags: Vec<_> = missing
                .iter()
                .map(|permission| format!("--grant {permission}"))
                .collect();
            self.help = Some(format!(
                "to accept what it asks for, add {} (or --grant all)",
                flags.join(" ")
            ));
        }
        self
    }

    /// In this file.
    pub(super) fn at(mut self: Box<Self>, path: &Path) -> Box<Self> {
        self.path = path.to_owned();
        self
    }

    pub(super) fn status(&self) -> Status {
        self.status
    }
}

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(plugin), Some(version)) = (&self.plugin, &self.version) {
            write!(f, "{plugin}@{version} ")?;
        }
        writeln!(
            f,
            "{}/{} {}: {}",
            self.extension,
            self.operation,
            self.outcome,
            one_line(&self.message)
        )?;
        for problem in &self.problems {
            writeln!(f, "{}", problem_lines(&self.path, problem))?;
        }
        match &self.help {
            Some(help) => writeln!(f, "help: {help}"),
            None => Ok(()),
        }
    }
}
