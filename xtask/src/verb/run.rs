//! `run`: one call of a plugin, or a program's `main`, ending in a receipt.

mod call;
mod input;
mod program;
mod report;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use portcullis::Consent;
use portcullis::Limits;
use portcullis::grant::{Decision, Explanation, Refusal};
use portcullis::host::WakeError;

use self::call::{Call, Callable};
use self::program::Loaded;
use self::report::{NotRun, Ran};
use crate::error::CliError;
use crate::grants::Grants;
use crate::host::block_on;
use crate::input::SubjectFlags;
use crate::log::Log;
use crate::settings::SettingsFlags;
use crate::stage::Stage;
use crate::status::Status;
use crate::terminal::Terminal;
use crate::value::{Size, Time};

/// Call a plugin once, or run a program's main, and print the receipt
///
/// Nothing is granted that --grant does not name; a plugin that needs more is refused, and the flags that it needs are printed. Changes
/// that the plugin makes go to a copy of the world in memory and are shown; no file is written. Without --call, any component that
/// exports `wasi:cli/run` runs, without grants and under the same limits; what it prints goes to stdout and stderr, line by line.
///
/// The input is JSON: {"subject": {"world": "...", "session": "...", "npc": "..."}, "params": {...}}, every part optional; for scoring also
/// "candidates": [{"activity": "...", "location": "...", "score": 1}].
///
/// The plugin's configuration comes from --config and --set, its secrets from environment variables that --secret names. They hold for this
/// run.
#[derive(Args)]
pub(crate) struct Options {
    /// A plugin, or any component with a main.
    plugin: PathBuf,

    /// What to call, for example `conditions/has-disguise`.
    #[arg(long, value_name = "EXTENSION/NAME")]
    call: Option<Call>,

    /// The call's input as JSON, from a file or (`-`) from stdin.
    #[arg(long, value_name = "FILE", requires = "call")]
    input: Option<PathBuf>,

    /// A world file that the plugin may read, under its grant. May be repeated.
    #[arg(long, value_name = "FILE")]
    world: Vec<PathBuf>,

    #[command(flatten)]
    grants: Grants,

    #[command(flatten)]
    subject: SubjectFlags,

    #[command(flatten)]
    settings: Box<SettingsFlags>,

    #[command(flatten)]
    limits: LimitFlags,
}

/// What the call may use up.
#[derive(Args)]
struct LimitFlags {
    /// Wall time, for example 50ms or 2s (default: the level's, 1s for `standard`).
    #[arg(long, value_name = "TIME")]
    timeout: Option<Time>,

    /// Linear memory, for example 16MiB (default: the level's, 64MiB for `standard`).
    #[arg(long, value_name = "SIZE")]
    memory: Option<Size>,

    /// Fuel, about one unit an instruction. Runs are then deterministic.
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
}

impl LimitFlags {
    /// The level's limits with what the command line says.
    fn limits(&self, mut limits: Limits) -> Limits {
        if let Some(timeout) = self.timeout {
            limits.wall_ms = timeout.millis();
        }
        if let Some(memory) = self.memory {
            limits.memory_bytes = memory.bytes();
        }
        limits.fuel = self.fuel.or(limits.fuel);
        limits
    }
}

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let catalogue = portcullis::catalogue();
    let consent = options.grants.consent(&catalogue, Consent::nothing())?;
    let policy = options.grants.policy(&catalogue)?;
    let is_program = options.call.is_none();
    let call = options.call.clone().unwrap_or_else(Call::main);
    let package = match program::read(&options.plugin, is_program)? {
        Loaded::Package(package) => package,
        Loaded::Refused(problems) => {
            let refused = NotRun::of_file(&options.plugin, &call, problems);
            terminal.result(&refused)?;
            return Ok(Status::Plugin);
        }
    };
    let explanation = Explanation::of(&package, &catalogue, &policy, &consent);
    let callable = call::find(&call, &package, &explanation)?;
    let stage = Stage::set(&options.world)?;
    let request = input::request(options.input.as_deref(), &options.subject, &stage)?;
    let log = Arc::new(Log::new(is_program, terminal));
    let limits = log.widen(options.limits.limits(policy.limits));
    let settings = options.settings.of(&package.manifest().id)?;
    let host = stage.host(policy.limits(limits), log.clone(), settings, None)?;
    let ended = block_on(call_once(
        host, package, &consent, callable, &call, &request, &stage,
    ))?;
    let (status, output) = match ended {
        Ok(ran) => (ran.status(), Ok(ran.with_output(log.output()))),
        Err(not_run) => (
            not_run.status(),
            Err(not_run.flags(&missing(&explanation)).at(&options.plugin)),
        ),
    };
    match output {
        // What a program prints is its result; its receipt is a diagnostic.
        Ok(ran) if is_program && !terminal.is_json() => terminal.progress(&ran),
        Ok(ran) => terminal.result(&ran)?,
        Err(not_run) => terminal.result(&*not_run)?,
    }
    Ok(status)
}

/// Loads the plugin and makes the call.
async fn call_once(
    host: portcullis::Host,
    package: portcullis::Package,
    consent: &Consent,
    callable: &'static Callable,
    call: &Call,
    request: &input::Request,
    stage: &Stage,
) -> Result<Ran, Box<NotRun>> {
    let manifest = package.manifest().clone();
    let digest = package.digest();
    let refused = |not_run: NotRun| Box::new(not_run.of_plugin(&manifest, digest));
    let loaded = host.load(package, consent).await;
    let plugin = match loaded {
        Ok(plugin) => plugin,
        Err(portcullis::host::LoadError::Lifecycle(receipt)) => {
            return Ok(Ran::of_failed_start(*receipt, stage));
        }
        Err(error) => return Err(refused(NotRun::of_load(call, &error))),
    };
    // One that sleeps is woken first, whatever it waits for: the call has its time for itself.
    match host.wake(&manifest.id).await {
        Ok(()) => {}
        Err(WakeError::Failed {
            receipt: Some(receipt),
            ..
        }) => return Ok(Ran::of_failed_start(*receipt, stage)),
        Err(error) => return Err(refused(NotRun::of_wake(call, &error))),
    }
    let permissions: Vec<_> = plugin
        .grant()
        .held()
        .iter()
        .map(|held| held.permission)
        .collect();
    let ground = call::Ground {
        host,
        plugin,
        stage,
    };
    match (callable.enter)(&ground, call, request).await {
        Ok(receipt) => Ok(Ran::of(receipt, permissions, stage)),
        Err(skip) => Err(refused(NotRun::of_skip(call, skip))),
    }
}

/// The permissions that the plugin needs and that were not accepted.
fn missing(explanation: &Explanation) -> Vec<&str> {
    let refused = |decision: &Decision| *decision == Decision::Refused(Refusal::Consent);
    let missing = explanation
        .permissions
        .iter()
        .filter(|asked| !asked.optional && refused(&asked.decision));
    missing.map(|asked| asked.permission.as_str()).collect()
}
