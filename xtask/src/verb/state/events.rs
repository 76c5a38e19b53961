//! `state events`: what happened to the plugins of a host.

use std::fmt;

use clap::Args;
use portcullis::PluginId;
use portcullis::event::EventKind;
use portcullis::log_record::escape;
use portcullis_state::{EventPage, EventQuery};
use serde::Serialize;

use crate::archive;
use crate::error::CliError;
use crate::status::Status;
use crate::table::table;
use crate::terminal::Terminal;
use crate::time::utc;

/// A longer message is cut in the text; JSON has all of it.
const MAX_MESSAGE: usize = 400;

/// Tell what happened to plugins: they came and went, failed, were refused something, were disabled
///
/// The oldest event comes first; events are kept for 30 days. A host may be running on the state meanwhile.
#[derive(Args)]
pub(super) struct Options {
    /// Only events of this plugin.
    #[arg(long, value_name = "ID")]
    plugin: Option<PluginId>,

    /// Only events of this kind, for example `tripped`. May be repeated.
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    kinds: Vec<EventKind>,

    /// Only events after the one with this number: the `next` of the page before.
    #[arg(long, value_name = "N")]
    after: Option<u64>,

    /// At most so many events.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

fn kind(name: &str) -> Result<EventKind, String> {
    let found = EventKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == name);
    found.ok_or_else(|| {
        let names = EventKind::ALL.map(EventKind::as_str);
        format!(
            "no event is of the kind `{name}`; there are {}",
            names.join(", ")
        )
    })
}

pub(super) fn run(
    options: &Options,
    place: &archive::Place,
    terminal: Terminal,
) -> Result<Status, CliError> {
    let archive = place.open()?;
    let query = EventQuery {
        plugin: options.plugin.clone(),
        kinds: options.kinds.clone(),
        after: options.after,
        limit: options.limit,
    };
    let page = archive.events(&query).map_err(archive::failed)?;
    terminal.result(&Page(page))?;
    Ok(Status::Fine)
}

#[derive(Serialize)]
#[serde(transparent)]
struct Page(EventPage);

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.0.events.iter().map(|(cursor, event)| {
            [
                cursor.to_string(),
                utc(event.at_ms),
                event.plugin.to_string(),
                event.kind.to_string(),
                escape(&event.message, MAX_MESSAGE),
            ]
        });
        let header = ["NUMBER", "TIME", "PLUGIN", "EVENT", "WHAT TO KNOW"];
        writeln!(f, "{}", table(header, rows))?;
        match self.0.next {
            Some(next) => write!(f, "\nthere are more: --after {next}"),
            None => Ok(()),
        }
    }
}
