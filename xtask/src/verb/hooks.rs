//! `hooks`: who handles the hook points of a host, and what a chain of handlers makes of some data.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use portcullis::extension::hooks::{HookEntry, HookError};
use portcullis::hook_point::{Fail, HookPoint};
use portcullis::receipt::ChainReceipt;
use portcullis::{EnabledPlugins, Scene};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::company::{Company, CompanyFlags};
use crate::error::CliError;
use crate::host::block_on;
use crate::input;
use crate::status::Status;
use crate::table::table;
use crate::terminal::{Terminal, one_line};

/// List the handlers of hook points, or ask those of one point by hand
///
/// Nothing is granted that --grant does not name. Without --at, each point is listed at which the plugins have handlers, these in the order in
/// which they are asked. With --at, they are asked about the data of --input, a JSON object; what became of it is printed, and the receipts as a
/// timeline. The status is 1 if the chain was blocked.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    company: Box<CompanyFlags>,

    /// The hook point whose handlers are asked, for example `tool.pre_exec`.
    #[arg(long, value_name = "POINT", requires = "input")]
    at: Option<String>,

    /// The data as a JSON object, from a file or (`-`) from stdin. The reference says what each point takes.
    #[arg(long, value_name = "FILE", requires = "at")]
    input: Option<PathBuf>,
}

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let stage = options.company.stage()?;
    let data = options.input.as_deref().map(|path| {
        let shape = "write the data of the hook point as a JSON object; `docs/reference.md` lists the fields";
        input::read::<Map<String, Value>>(path, shape)
    });
    let data = data.transpose()?;
    block_on(async {
        let company = options.company.load(&stage, terminal).await?;
        match (&options.at, data) {
            (Some(point), Some(data)) => ask(&company, point, data, terminal).await,
            _ => {
                terminal.result(&Listed::of(&company))?;
                Ok(Status::Fine)
            }
        }
    })?
}

async fn ask(
    company: &Company,
    point: &str,
    data: Map<String, Value>,
    terminal: Terminal,
) -> Result<Status, CliError> {
    let scene = Scene {
        subject: &company.subject,
        enabled: &EnabledPlugins::All,
    };
    let hooked = company.host.hook_json(point, scene, data).await;
    let hooked = hooked.map_err(|error| refused(company, error))?;
    let status = match hooked.chain.blocked() {
        Some(_) => Status::Plugin,
        None => Status::Fine,
    };
    terminal.result(&Asked {
        data: hooked.data,
        timeline: company.timeline.to_string(),
        chain: hooked.chain,
    })?;
    Ok(status)
}

fn refused(company: &Company, error: HookError) -> CliError {
    let points = company.host.catalogue().hook_points();
    let names: Vec<_> = points.map(|point| point.name.as_str()).collect();
    let hint = match error {
        HookError::UnknownPoint { .. } => format!("there are {}", names.join(", ")),
        _ => "`docs/reference.md` lists the fields of each point".to_owned(),
    };
    CliError::usage(error.to_string(), hint)
}

/// What came of a chain.
#[derive(Serialize)]
struct Asked {
    /// The data as the handlers left it.
    data: Map<String, Value>,
    chain: ChainReceipt,
    #[serde(skip)]
    timeline: String,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.timeline)?;
        let data = serde_json::to_string(&self.data).map_err(|_| fmt::Error)?;
        write!(f, "data: {}", one_line(&data))
    }
}

/// The points at which somebody listens.
#[derive(Serialize)]
struct Listed {
    points: Vec<ListedPoint>,
}

#[derive(Serialize)]
struct ListedPoint {
    #[serde(flatten)]
    point: HookPoint,
    handlers: Vec<HookEntry>,
}

impl Listed {
    fn of(company: &Company) -> Self {
        let handlers = company.host.hook_handlers();
        let at = |point: &HookPoint| {
            let own = handlers.iter().filter(|one| one.point == point.name);
            own.cloned().collect::<Vec<_>>()
        };
        let points = company.host.catalogue().hook_points();
        let listed = points.map(|point| ListedPoint {
            point: point.clone(),
            handlers: at(point),
        });
        Self {
            points: listed.filter(|one| !one.handlers.is_empty()).collect(),
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.points.is_empty() {
            return f.write_str("no plugin handles a hook point");
        }
        let rows = self.points.iter().flat_map(|listed| {
            listed.handlers.iter().map(|handler| {
                [
                    listed.point.name.clone(),
                    handler.plugin.to_string(),
                    handler.qualified.to_string(),
                    handler.priority.to_string(),
                    match handler.fail {
                        Fail::Open => "open",
                        Fail::Closed => "closed",
                    }
                    .to_owned(),
                    one_line(&handler.description),
                ]
            })
        });
        let header = [
            "POINT",
            "PLUGIN",
            "HANDLER",
            "PRIORITY",
            "FAIL",
            "WHAT IT DOES",
        ];
        f.write_str(&table(header, rows))
    }
}
