//! The demo of the worlds: three of them with NPCs whose behaviour comes from plugins, with hostile ones among them that are contained.
//!
//! The tick and the state are those of `portcullis-world`; this only puts a host together, lets time pass, and tells what happened.

mod cast;
mod place;
mod receipts;
mod report;
mod table;
#[cfg(test)]
mod tests;
mod texts;

use std::convert::Infallible;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use portcullis::host::{BuildError, LoadReport};
use portcullis::{Host, Limits, Metrics, Policy};
use portcullis_generation::openai::EndpointError;
use portcullis_state::{FlushError, OpenError, Store, TransactError};
use portcullis_world::{LoadError, Simulation, TickError, examples, load};

use receipts::ReceiptFile;
pub(crate) use report::DemoReport;

use crate::archive;
use crate::demo::plugins::PluginError;

/// What each call of a plugin may burn: over ten times what the longest of the examples takes.
const FUEL: u64 = 20_000_000;
/// Fuel ends a call that never returns, the same way each time. The wall time is there for a host that hangs: no load uses it up.
const WALL_MS: u64 = 60_000;
const MEMORY_BYTES: u64 = 8 * 1024 * 1024;

/// Runs the demo of the worlds: three of them, 200 NPCs, example plugins and hostile ones. Run again, it continues where it ended
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// What chance follows from: the same seed gives the same worlds.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many hours of the worlds pass.
    #[arg(long, default_value_t = 100)]
    pub(crate) ticks: u64,
    /// Leaves a plugin out. May be given several times.
    #[arg(long, value_name = "PLUGIN")]
    pub(crate) without: Vec<String>,
    /// The file in which the worlds last.
    #[arg(long, value_name = "FILE", default_value = "target/demo/state.db")]
    pub(crate) state: PathBuf,
    /// Begins anew: removes the state and the receipts of earlier runs.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Where the receipts of all calls are written, one JSON object a line; those of a run that continues are appended.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "target/demo/receipts.jsonl"
    )]
    pub(crate) receipts: PathBuf,
    /// Writes the metrics of this run there at its end, in the text format of Prometheus.
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,
    /// Has the texts that plugins ask for written by this server, which speaks OpenAI's chat completions protocol, for example
    /// http://localhost:11434/v1; its key is taken from OPENAI_API_KEY. Without it they are made up, the same each time.
    #[arg(long, value_name = "URL")]
    pub(crate) texts_from: Option<String>,
    /// The model that the server is asked for.
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) model: String,
    /// The directory of finished plugins, with the hostile ones in `tests/` inside it.
    #[arg(long, value_name = "DIR", default_value = "target/plugins")]
    pub(crate) plugins: PathBuf,
    /// Takes the plugins as they were built before.
    #[arg(long)]
    pub(crate) no_build: bool,
    /// A directory of world files that are put into a state which does not have them; those of the repository where none is given.
    #[arg(long, value_name = "DIR")]
    pub(crate) worlds: Option<PathBuf>,
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DemoError {
    /// `--without` names no plugin of the demo.
    #[error("the demo has no plugin `{name}` to leave out; it has {}", cast::names().join(", "))]
    UnknownPlugin {
        /// The name.
        name: String,
    },
    /// A plugin's file cannot be used.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The worlds cannot be loaded.
    #[error(transparent)]
    Worlds(#[from] LoadError),
    /// The receipts cannot be written.
    #[error("{}: the receipts cannot be written: {source}", path.display())]
    Receipts {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The metrics cannot be written.
    #[error("{}: the metrics cannot be written: {source}", path.display())]
    Metrics {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The receipts of an earlier run cannot be removed.
    #[error("{}: cannot be removed: {source}", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The state cannot be opened.
    #[error(transparent)]
    State(#[from] OpenError),
    /// The worlds cannot be put into the state.
    #[error("the worlds cannot be stored: {0}")]
    Import(#[from] TransactError<Infallible>),
    /// What happened cannot be stored.
    #[error(transparent)]
    Flush(#[from] FlushError),
    /// The server that is to write texts cannot be used.
    #[error(transparent)]
    Texts(#[from] EndpointError),
    /// Time does not pass.
    #[error(transparent)]
    Tick(#[from] TickError),
    /// The host cannot be put together.
    #[error(transparent)]
    Host(#[from] BuildError),
    /// The worlds have no digest.
    #[error("the worlds cannot be written as JSON: {0}")]
    Digest(#[from] serde_json::Error),
}

impl DemoError {
    /// Whether the command line, or a file that it names, is at fault rather than the host.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::UnknownPlugin { .. }
                | Self::Plugin(_)
                | Self::Worlds(_)
                | Self::Texts(_)
                | Self::Import(TransactError::Invalid(_))
        ) || matches!(self, Self::State(error) if archive::is_usage(error))
    }
}

/// What watches the demo's calls.
struct Watch {
    metrics: Arc<Metrics>,
    receipts: Arc<ReceiptFile>,
}

/// Runs the demo. With `json` nothing but errors goes to the terminal.
///
/// # Errors
/// Why there is no demo; a plugin that is refused or fails is part of the report instead.
pub(crate) async fn run(options: &Options, json: bool) -> Result<DemoReport, DemoError> {
    let started = Instant::now();
    let candidates = cast::candidates(&options.plugins, &options.without)?;
    let worlds = worlds(options.worlds.as_deref())?;
    if options.fresh {
        place::clear(options)?;
    }
    let store = place::open(&options.state)?;
    // The receipts of another state would tell of changes that this one never saw.
    let is_new = store.revision() == 0;
    portcullis_world::import(&store, worlds).await?;
    let failed = |source| DemoError::Receipts {
        path: options.receipts.clone(),
        source,
    };
    let watch = Watch {
        metrics: Arc::default(),
        receipts: Arc::new(ReceiptFile::open(&options.receipts, is_new).map_err(failed)?),
    };
    let host = host(&store, &watch)?;
    let loaded = host.load_all(candidates).await;
    let simulation = simulate(host.clone(), &store, options, json).await?;
    let receipts = watch.receipts.finish().map_err(failed)?;
    store.flush().await?;
    let parts = report::Parts {
        options,
        store: &store,
        host: &host,
        simulation: &simulation,
        watch: &watch,
        loaded,
        receipts,
        elapsed: started.elapsed(),
    };
    let report = DemoReport::new(parts)?;
    write_metrics(options, &watch, &host)?;
    Ok(report)
}

fn write_metrics(options: &Options, watch: &Watch, host: &Host) -> Result<(), DemoError> {
    let Some(path) = &options.metrics else {
        return Ok(());
    };
    let text = watch
        .metrics
        .prometheus_of(&host.health(), &host.event_statistics());
    fs::write(path, text).map_err(|source| DemoError::Metrics {
        path: path.clone(),
        source,
    })
}

fn worlds(directory: Option<&Path>) -> Result<Vec<portcullis_world::World>, LoadError> {
    match directory {
        Some(directory) => load::read_directory(directory),
        None => load::parse_all(examples::sources()),
    }
}

/// A host whose plugins run the same each time: metered by fuel, on fresh instances.
fn host(store: &Store, watch: &Watch) -> Result<Host, BuildError> {
    let mut limits = Limits::default();
    limits.fuel = Some(FUEL);
    limits.wall_ms = WALL_MS;
    limits.memory_bytes = MEMORY_BYTES;
    // What a dangerous permission opens is the operator's choice as well as the policy's: `gossip` compares a secret.
    let policy = Policy::new().limits(limits).switch_on("secret:read");
    let store = Arc::new(store.clone());
    // These plugins are this repository's own.
    Host::builder()
        .compile_in_process()
        .policy(policy)
        .settings(Arc::new(cast::settings()))
        .state(store.clone())
        .enabled(store.clone())
        .events(store.clone())
        .guard_store(store)
        .observer(watch.metrics.clone())
        .observer(watch.receipts.clone())
        .build()
}

async fn simulate(
    host: Host,
    store: &Store,
    options: &Options,
    json: bool,
) -> Result<Simulation, DemoError> {
    let bar = if json || !io::stderr().is_terminal() {
        ProgressBar::hidden()
    } else {
        progress_bar(options.ticks)
    };
    let mut simulation = Simulation::new(host, store.clone(), options.seed);
    // Texts are generated between the hours, so that they are there at the same hour each time.
    let generator = texts::generator(options, store)?;
    for _ in 0..options.ticks {
        simulation.tick().await?;
        generator.drain().await;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(simulation)
}

fn progress_bar(ticks: u64) -> ProgressBar {
    let bar = ProgressBar::new(ticks);
    // A template that cannot be read would be a mistake here; the bar then looks as it does by default.
    if let Ok(style) = ProgressStyle::with_template("{bar:40} hour {pos} of {len}, {eta} left") {
        bar.set_style(style);
    }
    bar
}
