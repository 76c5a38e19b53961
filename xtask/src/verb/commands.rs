//! `commands`: which commands plugins answer, and what one of them answers.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use portcullis::extension::commands::{Answer, CommandEntry, Invocation, Reply};
use portcullis::observe::Moment;
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

/// List the commands of plugins, or give one by hand
///
/// Nothing is granted that --grant does not name. With --invoke, the command is given with the JSON object of --input as its arguments, or with
/// --said as what is said next in a conversation; the replies are printed, and the receipts as a timeline. The status is 1 if the plugin failed or
/// answered an error.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    company: Box<CompanyFlags>,

    /// The command: its name, an alias, or `<plugin>:<name>`.
    #[arg(long, value_name = "COMMAND")]
    invoke: Option<String>,

    /// The arguments as a JSON object, from a file or (`-`) from stdin.
    #[arg(long, value_name = "FILE", requires = "invoke")]
    input: Option<PathBuf>,

    /// What is said in a conversation that the command keeps open. May be repeated: the command is given first, and each is said in turn until the
    /// conversation is over.
    #[arg(long, value_name = "TEXT", requires = "invoke")]
    said: Vec<String>,

    /// The thread in which it is given.
    #[arg(long, value_name = "ID", requires = "invoke")]
    thread: Option<String>,

    /// The channel in which it is given.
    #[arg(long, value_name = "ID", requires = "invoke")]
    channel: Option<String>,

    /// Who gives it.
    #[arg(long, value_name = "ID", requires = "invoke")]
    user: Option<String>,
}

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let stage = options.company.stage()?;
    let arguments = options.input.as_deref().map(|path| {
        input::read::<Map<String, Value>>(path, "write the arguments as a JSON object")
    });
    let arguments = arguments.transpose()?.unwrap_or_default();
    block_on(async {
        let company = options.company.load(&stage, terminal).await?;
        match &options.invoke {
            Some(name) => invoke(options, &company, name, arguments, terminal).await,
            None => {
                terminal.result(&Listed {
                    commands: company.host.commands(&EnabledPlugins::All),
                })?;
                Ok(Status::Fine)
            }
        }
    })?
}

async fn invoke(
    options: &Options,
    company: &Company,
    name: &str,
    arguments: Map<String, Value>,
    terminal: Terminal,
) -> Result<Status, CliError> {
    let host = &company.host;
    let command = host.command(name, &EnabledPlugins::All);
    let command = command.ok_or_else(|| unknown(company, name))?;
    let scene = Scene {
        subject: &company.subject,
        enabled: &EnabledPlugins::All,
    };
    let given = std::iter::once(None).chain(options.said.iter().map(Some));
    let (mut answers, mut status) = (Vec::new(), Status::Fine);
    for said in given {
        let invocation = Invocation {
            arguments: arguments.clone(),
            thread: options.thread.clone(),
            channel: options.channel.clone(),
            user: options.user.clone(),
            said: said.cloned(),
            ..Invocation::default()
        };
        let invoked = host.invoke(&command, scene, invocation).await;
        let answered = Answered::of(invoked.answer, &invoked.dispatched);
        let is_over = !answered.is_open();
        status = status.max(answered.status());
        answers.push(answered);
        if is_over {
            break;
        }
    }
    let unsaid = options.said.len() + 1 - answers.len();
    terminal.result(&Given {
        answers,
        unsaid,
        calls: company.timeline.moments(),
        timeline: company.timeline.to_string(),
    })?;
    Ok(status)
}

fn unknown(company: &Company, name: &str) -> CliError {
    let commands = company.host.commands(&EnabledPlugins::All);
    let names: Vec<_> = commands.iter().map(|one| &*one.name).collect();
    let hint = match names.is_empty() {
        true => "these plugins have no commands".to_owned(),
        false => format!("there are {}", names.join(", ")),
    };
    CliError::usage(
        format!("no command is named `{}`", name.escape_debug()),
        hint,
    )
}

/// What a command answered, or why it did not.
#[derive(Serialize)]
struct Answered {
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
    #[serde(rename = "error", skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl Answered {
    fn of(answer: Option<Answer>, dispatched: &portcullis::extension::Dispatched<Answer>) -> Self {
        let why = match (&answer, dispatched) {
            (Some(_), _) => None,
            (None, Ok(receipt)) => Some(receipt.to_string()),
            (None, Err(skip)) => Some(skip.to_string()),
        };
        Self { answer, why }
    }

    fn status(&self) -> Status {
        match &self.answer {
            Some(answer) if matches!(answer.reply, Reply::Result(_)) => Status::Fine,
            _ => Status::Plugin,
        }
    }

    fn is_open(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.more)
    }
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(answer) = &self.answer else {
            let why = self.why.as_deref().unwrap_or_default();
            return write!(f, "failed: {}", one_line(&why));
        };
        for event in &answer.events {
            writeln!(
                f,
                "event {}: {}",
                one_line(&event.name),
                one_line(&event.data)
            )?;
        }
        match &answer.reply {
            Reply::Result(value) => write!(f, "result: {}", one_line(value)),
            Reply::Error(text) => write!(f, "error: {}", one_line(text)),
        }
    }
}

/// What came of a command and the conversation that it opened.
#[derive(Serialize)]
struct Given {
    answers: Vec<Answered>,
    /// How many texts were not said, because the conversation was over.
    unsaid: usize,
    calls: Vec<Moment>,
    #[serde(skip)]
    timeline: String,
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for answer in &self.answers {
            writeln!(f, "{answer}")?;
        }
        match self.unsaid {
            0 => {}
            1 => writeln!(f, "the conversation was over: 1 text was not said")?,
            many => writeln!(f, "the conversation was over: {many} texts were not said")?,
        }
        f.write_str(&self.timeline)
    }
}

/// The commands that there are.
#[derive(Serialize)]
struct Listed {
    commands: Vec<CommandEntry>,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.commands.is_empty() {
            return f.write_str("no plugin has a command");
        }
        let rows = self.commands.iter().map(|command| {
            let arguments = command.arguments.to_json();
            let properties = arguments.get("properties").and_then(Value::as_object);
            let names: Vec<_> = properties
                .into_iter()
                .flatten()
                .map(|(name, _)| name.as_str())
                .collect();
            [
                command.plugin.to_string(),
                command.name.to_string(),
                command.aliases.join(", "),
                names.join(", "),
                one_line(&command.description),
            ]
        });
        let header = ["PLUGIN", "COMMAND", "ALSO", "ARGUMENTS", "WHAT IT DOES"];
        f.write_str(&table(header, rows))
    }
}
