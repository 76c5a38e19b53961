//! `events`: who hears and who emits events on a host, and what one event brings about.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use portcullis::bus::{EventStatistic, EventSubject};
use portcullis::observe::Moment;
use serde::Serialize;
use serde_json::Value;

use crate::company::{Company, CompanyFlags};
use crate::error::CliError;
use crate::host::block_on;
use crate::input;
use crate::status::Status;
use crate::table::table;
use crate::terminal::{Terminal, one_line};
use crate::value::Time;

/// An event emitted by hand comes from here: handlers see `host:cli`.
const SOURCE: &str = "cli";

/// After this long the command no longer waits for handlers that go on emitting.
const PATIENCE: Duration = Duration::from_secs(60);

/// List who hears and who emits events, or emit one by hand
///
/// Nothing is granted that --grant does not name. Without --emit, the handlers are listed with what they hear, and the plugins with what they may
/// emit. With --emit, an event is emitted as `host:cli`, with the JSON of --input as its payload; when all is quiet again, the receipts are printed
/// as a timeline. What happened to the plugins of a host that runs is in `portcullis state events`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    company: Box<CompanyFlags>,

    /// The subject of the event, for example `chat.message.lobby`.
    #[arg(long, value_name = "SUBJECT")]
    emit: Option<EventSubject>,

    /// The payload as JSON, from a file or (`-`) from stdin; `null` if not given.
    #[arg(long, value_name = "FILE", requires = "emit")]
    input: Option<PathBuf>,

    /// Wait this long for a reply, for example 500ms, and print it.
    #[arg(long, value_name = "TIME", requires = "emit")]
    request: Option<Time>,
}

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let stage = options.company.stage()?;
    let payload = options.input.as_deref();
    let payload = payload.map(|path| input::read::<Value>(path, "write the payload as JSON"));
    let payload = payload.transpose()?.unwrap_or_default();
    block_on(async {
        let company = options.company.load(&stage, terminal).await?;
        match &options.emit {
            Some(subject) => emit(options, &company, subject, &payload, terminal).await,
            None => {
                terminal.result(&Listed::of(&company))?;
                Ok(Status::Fine)
            }
        }
    })?
}

async fn emit(
    options: &Options,
    company: &Company,
    subject: &EventSubject,
    payload: &Value,
    terminal: Terminal,
) -> Result<Status, CliError> {
    let Company {
        host,
        subject: about,
        timeline,
    } = company;
    let subject = subject.clone();
    let (reply, why) = match options.request {
        None => {
            let emitted = host.emit(subject, payload, about, SOURCE).await;
            emitted.map_err(|error| CliError::usage(error.to_string(), "see --help"))?;
            (None, None)
        }
        Some(patience) => {
            let patience = Duration::from_millis(patience.millis());
            match host
                .request(subject, payload, about, SOURCE, patience)
                .await
            {
                Ok(reply) => (Some(reply), None),
                Err(error) => (None, Some(error.to_string())),
            }
        }
    };
    if tokio::time::timeout(PATIENCE, host.events_idle())
        .await
        .is_err()
    {
        terminal.progress("handlers go on emitting; what happened so far:");
    }
    let status = match why {
        Some(_) => Status::Plugin,
        None => Status::Fine,
    };
    terminal.result(&Emitted {
        reply,
        why,
        calls: timeline.moments(),
        timeline: timeline.to_string(),
        handlers: host.event_statistics(),
    })?;
    Ok(status)
}

/// What an event brought about.
#[derive(Serialize)]
struct Emitted {
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<Value>,
    /// Why there is no reply, if one was wanted.
    #[serde(rename = "error", skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    calls: Vec<Moment>,
    handlers: Vec<EventStatistic>,
    #[serde(skip)]
    timeline: String,
}

impl fmt::Display for Emitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.calls.is_empty() {
            true => f.write_str("nobody heard it\n")?,
            false => f.write_str(&self.timeline)?,
        }
        if let Some(reply) = &self.reply {
            writeln!(f, "reply: {}", one_line(reply))?;
        }
        if let Some(why) = &self.why {
            writeln!(f, "no reply: {}", one_line(why))?;
        }
        let dropped = self.handlers.iter().filter(|one| one.dropped > 0);
        for one in dropped {
            writeln!(
                f,
                "{} events were dropped before {}",
                one.dropped, one.handler
            )?;
        }
        Ok(())
    }
}

/// Who hears and who emits.
#[derive(Serialize)]
struct Listed {
    handlers: Vec<EventStatistic>,
    emitters: Vec<Emitter>,
}

#[derive(Serialize)]
struct Emitter {
    plugin: String,
    /// The scopes of `event:emit`; each must allow a subject. Without one, `plugin.<id>.>` is allowed.
    scopes: Vec<Value>,
}

impl Listed {
    fn of(company: &Company) -> Self {
        let host = &company.host;
        let plugins = host.plugins().into_iter();
        let emitters = plugins.filter_map(|status| {
            let plugin = host.plugin(&status.identity.plugin)?;
            let mut held = plugin.grant().held().iter();
            let emit = held.find(|held| held.permission == "event:emit")?;
            Some(Emitter {
                plugin: status.identity.plugin.to_string(),
                scopes: emit.scopes.iter().map(|scope| scope.to_json()).collect(),
            })
        });
        Self {
            handlers: host.event_statistics(),
            emitters: emitters.collect(),
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hears = self.handlers.iter().map(|one| {
            [
                one.plugin.to_string(),
                "hears".to_owned(),
                one.subject.to_string(),
                one.handler.clone(),
            ]
        });
        let emits = self.emitters.iter().map(|one| {
            let scopes: Vec<_> = one.scopes.iter().map(Value::to_string).collect();
            let own = || format!("plugin.{}.>", one.plugin);
            let what = if scopes.is_empty() {
                own()
            } else {
                one_line(&scopes.join(" and "))
            };
            [
                one.plugin.clone(),
                "may emit".to_owned(),
                what,
                String::new(),
            ]
        });
        if self.handlers.is_empty() && self.emitters.is_empty() {
            return f.write_str("no plugin hears or emits events");
        }
        f.write_str(&table(
            ["PLUGIN", "", "SUBJECTS", "HANDLER"],
            hears.chain(emits),
        ))
    }
}
