//! The demo of the agent: a conversation with two tool calls in which three plugins act, each where an agent without them would do harm.
//!
//! The agent is that of `portcullis-agent`; this only puts a host together, gives the agent files and a model, and tells what happened.

mod cast;
mod files;
mod model;
mod report;
mod script;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use portcullis::Host;
use portcullis::host::BuildError;
use portcullis::observe::Timeline;
use portcullis_agent::model::EndpointError;
use portcullis_agent::tool::ToolboxError;
use portcullis_agent::{Agent, Directory, NewWorkItem, OpenAi, Options as AgentOptions, Toolbox};
use portcullis_state::{OpenError, Store};

use crate::demo::plugins::PluginError;
use model::Served;
pub(crate) use report::AgentReport;

/// The workspace of the demo.
const WORKSPACE: &str = "office";

/// The model that is asked for where the command line names none. The budget has it replaced by another.
const MODEL: &str = "large";

/// Runs the demo of an agent: a model, two tool calls, and plugins that hide a secret, refuse a tool, keep the model cheap and edit the response
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Has this server be the model, which speaks OpenAI's chat completions protocol with tools, for example http://localhost:11434/v1; its
    /// key is taken from OPENAI_API_KEY. Without it a server is started that answers by a script.
    #[arg(long, value_name = "URL")]
    pub(crate) texts_from: Option<String>,
    /// The model that the server is asked for.
    #[arg(long, value_name = "NAME", requires = "texts_from")]
    pub(crate) model: Option<String>,
    /// Leaves a plugin out, to see what the agent does without it. May be given several times.
    #[arg(long, value_name = "PLUGIN")]
    pub(crate) without: Vec<String>,
    /// The directory that the agent works in; the files of the demo are written there. It is empty, not there yet, or one of an earlier demo.
    #[arg(long, value_name = "DIR", default_value = "target/demo/agent")]
    pub(crate) files: PathBuf,
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
    /// `--without` names no plugin of the demo.
    #[error("the demo has no plugin `{name}` to leave out; it has {}", cast::NAMES.join(", "))]
    UnknownPlugin {
        /// The name.
        name: String,
    },
    /// A plugin's file cannot be used.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// A plugin was refused.
    #[error("{plugin} was refused: {why}")]
    Refused {
        /// The plugin.
        plugin: String,
        /// Why.
        why: String,
    },
    /// The files of the demo cannot be written.
    #[error("{}: {source}", path.display())]
    Files {
        /// The directory or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The directory has files of somebody else.
    #[error(
        "{} has files that are not the demo's, which would overwrite them; name a directory that is empty or not there, or remove this one if it was a demo's",
        path.display()
    )]
    Taken {
        /// The directory.
        path: PathBuf,
    },
    /// The server that answers by a script does not start.
    #[error("the server that answers by a script does not start: {0}")]
    Server(io::Error),
    /// The server that the command line names cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// A tool cannot be offered.
    #[error(transparent)]
    Tools(#[from] ToolboxError),
    /// There is no state.
    #[error(transparent)]
    State(#[from] OpenError),
    /// The host cannot be put together.
    #[error(transparent)]
    Host(#[from] BuildError),
}

impl DemoError {
    /// Whether the command line, or a file that it names, is at fault rather than the host.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::UnknownPlugin { .. }
                | Self::Plugin(_)
                | Self::Endpoint(_)
                | Self::Files { .. }
                | Self::Taken { .. }
        )
    }
}

/// Runs the demo.
///
/// # Errors
/// Why there is no demo. What becomes of the run is part of the report.
pub(crate) async fn run(options: &Options) -> Result<AgentReport, DemoError> {
    let candidates = cast::candidates(&options.plugins, &options.without)?;
    files::write(&options.files)?;
    let served = Served::of(options)?;
    let timeline = Arc::new(Timeline::default());
    let host = host(&served, timeline.clone())?;
    let loaded = host.load_all(candidates).await;
    if let Some((plugin, error)) = loaded.refused.into_iter().next() {
        let why = error.to_string();
        return Err(DemoError::Refused { plugin, why });
    }
    let opened = |source| DemoError::Files {
        path: options.files.clone(),
        source,
    };
    let directory = Directory::open(&options.files).map_err(opened)?;
    let tools = Toolbox::new().with_all(directory.writing())?;
    let mut agent_options = AgentOptions::new(WORKSPACE, served.model());
    agent_options.max_tokens = 2_048;
    let model = OpenAi::new(served.endpoint())?;
    let agent = Agent::new(host, model, tools, agent_options);
    let item = NewWorkItem::new(script::TITLE, script::DESCRIPTION).requester("ada");
    let transcript = agent.work(item).await;
    let received = served.received(&transcript);
    Ok(AgentReport::new(
        options,
        transcript,
        timeline.to_string(),
        received.as_deref(),
    ))
}

fn host(served: &Served, timeline: Arc<Timeline>) -> Result<Host, DemoError> {
    let store = Store::in_memory(Default::default())?;
    // These plugins are this repository's own.
    let host = Host::builder()
        .compile_in_process()
        .policy(cast::policy())
        .settings(Arc::new(cast::settings(served.model())))
        .state(Arc::new(store))
        .observer(timeline)
        .build()?;
    Ok(host)
}
