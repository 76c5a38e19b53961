//! `demo`: hosts of each kind with the example plugins. Adding one is a file here, a line in the list below, and a directory beside
//! `demo/world`.

mod agent;
mod bot;
mod world;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::error::CliError;
use crate::guests;
use crate::project::Project;
use crate::status::Status;
use crate::terminal::Terminal;

/// Runs a demo: of the worlds where nothing else is said, three of them with 200 NPCs, example plugins and hostile ones
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
#[group(skip)]
pub(crate) struct Options {
    #[command(subcommand)]
    which: Option<Which>,

    #[command(flatten)]
    world: world::Options,
}

/// The demos.
#[derive(Subcommand)]
enum Which {
    World(Box<world::Options>),
    Agent(agent::Options),
    /// Serves answers by a script, which it reads from stdin, over OpenAI's chat completions protocol: the model of `demo agent`
    #[command(hide = true)]
    ScriptedModel,
    Bot(bot::Options),
}

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    match &options.which {
        None => world::run(&options.world, terminal),
        Some(Which::World(options)) => world::run(options, terminal),
        Some(Which::Agent(options)) => agent::run(options, terminal),
        Some(Which::ScriptedModel) => agent::serve(),
        Some(Which::Bot(options)) => bot::run(options, terminal),
    }
}

/// The project, with its plugins built unless they are to be taken as they are.
fn project(is_built: bool, terminal: Terminal) -> Result<Project, CliError> {
    let project = Project::find()?;
    if !is_built {
        terminal.progress("building the plugins");
        guests::build_all(&project)?;
    }
    Ok(project)
}

/// The defaults are below `target/` of the repository, wherever in it the command is given.
fn in_project(project: &Project, path: PathBuf) -> PathBuf {
    let is_default = path.starts_with("target") && !Path::new("target").is_dir();
    if is_default {
        project.root().join(path)
    } else {
        path
    }
}
