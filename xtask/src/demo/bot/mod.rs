//! The demo of a chat bot: three plugins answer commands, play over several messages, and learn from what is said.
//!
//! The bot is that of `portcullis-bot`; this only puts a host together, lets people talk, and tells what came of it.

mod cast;
mod report;
mod script;
mod watch;

use std::io::{self, BufReader};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use portcullis::Host;
use portcullis::host::BuildError;
use portcullis_bot::{Bot, LineChannel, OpenError};
use portcullis_state::{FlushError, OpenError as StoreError, Store};

pub(crate) use report::BotReport;
use watch::Watch;

use crate::archive;

/// Runs the demo of a chat bot: a scripted conversation with echo, trivia and markov, or one of your own
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Reads what you say from stdin, a message a line, until it ends: `text`, `#thread text`, `@user text`, or `#thread @user text`.
    #[arg(long)]
    pub(crate) interactive: bool,
    /// The file in which the bot's conversations last; without one it forgets all at its end.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// The directory of finished plugins.
    #[arg(long, value_name = "DIR", default_value = "target/plugins")]
    pub(crate) plugins: PathBuf,
    /// Takes the plugins as they were built before.
    #[arg(long)]
    pub(crate) no_build: bool,
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DemoError {
    /// A plugin's file cannot be read, or is no plugin.
    #[error("{}: {why}; build the plugins with `cargo xtask build`", path.display())]
    Plugin {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A plugin is refused.
    #[error("the plugin `{plugin}` is refused: {why}")]
    Refused {
        /// The plugin.
        plugin: String,
        /// Why.
        why: String,
    },
    /// The state cannot be opened.
    #[error(transparent)]
    State(#[from] StoreError),
    /// What happened cannot be stored.
    #[error(transparent)]
    Flush(#[from] FlushError),
    /// The host cannot be put together.
    #[error(transparent)]
    Host(#[from] BuildError),
    /// There is no bot.
    #[error(transparent)]
    Bot(#[from] OpenError),
}

impl DemoError {
    /// Whether the command line, or a file that it names, is at fault rather than the host.
    pub(crate) fn is_usage(&self) -> bool {
        match self {
            Self::Plugin { .. } => true,
            Self::State(error) => archive::is_usage(error),
            _ => false,
        }
    }
}

/// Runs the demo.
///
/// # Errors
/// Why there is no demo; a plugin that fails is part of the report instead.
pub(crate) async fn run(options: &Options) -> Result<BotReport, DemoError> {
    let packages = cast::packages(&options.plugins)?;
    let store = match &options.state {
        Some(file) => Store::open(file, Default::default())?,
        None => Store::in_memory(Default::default())?,
    };
    let watch = Arc::<Watch>::default();
    let host = host(&store, &watch)?;
    cast::load(&host, packages).await?;
    let mut behaviour = portcullis_bot::Options::default();
    if !options.interactive {
        // A script is no flood, however fast it is read.
        behaviour.burst = 1_000;
    }
    let bot = Bot::open(host.clone(), store.clone(), behaviour).await?;
    let transcript = match options.interactive {
        true => {
            let channel = LineChannel::new(BufReader::new(io::stdin()), io::stdout());
            bot.serve(Arc::new(channel)).await;
            Vec::new()
        }
        false => script::play(&bot, &host).await,
    };
    host.events_idle().await;
    store.flush().await?;
    Ok(BotReport::new(transcript, &host, &watch))
}

fn host(store: &Store, watch: &Arc<Watch>) -> Result<Host, BuildError> {
    let state = Arc::new(store.clone());
    // These plugins are this repository's own.
    Host::builder()
        .compile_in_process()
        .state(Arc::clone(&state))
        .enabled(Arc::clone(&state) as _)
        .events(Arc::clone(&state) as _)
        .guard_store(state)
        .observer(Arc::clone(watch) as _)
        .build()
}
