//! `history`: who changed a session, an NPC, a key, and when.

use std::fmt;

use clap::{Args, Subcommand};
use portcullis::PluginId;
use portcullis::identity::CallId;
use portcullis::log_record::escape;
use portcullis_state::{Actor, HistoryEntry, HistoryOf, HistoryQuery, Item};
use serde::Serialize;

use crate::archive;
use crate::error::CliError;
use crate::status::Status;
use crate::terminal::Terminal;
use crate::time::utc;

/// A longer change is cut in the text; JSON has all of it.
const MAX_CHANGE: usize = 400;

/// Tell who changed what: plugin, version, digest, call and time of every change
///
/// The oldest change comes first. The host's own changes are named `host` with what it did, for example `tick`. A host may be running on
/// the state meanwhile. History is kept for 90 days.
#[derive(Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    of: Of,

    #[command(flatten)]
    place: archive::Place,

    /// Only changes after the one with this number: the `next` of the page before.
    #[arg(long, value_name = "N", global = true)]
    after: Option<u64>,

    /// At most so many changes.
    #[arg(long, value_name = "N", default_value_t = 50, global = true)]
    limit: u32,
}

/// Whose history.
#[derive(Subcommand)]
enum Of {
    /// Changes of a player's session
    Session {
        /// The world's id.
        world: String,
        /// The session's id.
        session: String,
    },
    /// Changes of an NPC
    Npc {
        /// The world's id.
        world: String,
        /// The NPC's id.
        npc: String,
    },
    /// Changes of a key of a plugin's key-value store
    Key {
        /// The plugin's id.
        plugin: PluginId,
        /// The key.
        key: String,
    },
    /// Changes of a world, its NPCs and its sessions
    World {
        /// The world's id.
        world: String,
    },
    /// What a plugin changed
    Plugin {
        /// The plugin's id.
        plugin: PluginId,
    },
    /// What a call changed
    Call {
        /// The call's id, as in its receipt.
        call: CallId,
    },
    /// All changes
    All,
}

impl Of {
    fn query(&self) -> HistoryOf {
        match self {
            Self::Session { world, session } => HistoryOf::Item(Item::Session {
                world: world.as_str().into(),
                session: session.as_str().into(),
            }),
            Self::Npc { world, npc } => HistoryOf::Item(Item::Npc {
                world: world.as_str().into(),
                npc: npc.as_str().into(),
            }),
            Self::Key { plugin, key } => HistoryOf::Item(Item::Kv {
                plugin: plugin.clone(),
                key: key.as_str().into(),
            }),
            Self::World { world } => HistoryOf::World(world.clone()),
            Self::Plugin { plugin } => HistoryOf::Plugin(plugin.clone()),
            Self::Call { call } => HistoryOf::Call(*call),
            Self::All => HistoryOf::All,
        }
    }
}

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let archive = options.place.open()?;
    let query = HistoryQuery {
        of: options.of.query(),
        after: options.after,
        limit: options.limit,
    };
    let entries = archive.history(&query).map_err(archive::failed)?;
    // A full page may have another behind it.
    let is_full = u32::try_from(entries.len()).is_ok_and(|length| length == options.limit);
    terminal.result(&History {
        next: entries.last().filter(|_| is_full).map(|entry| entry.cursor),
        entries,
    })?;
    Ok(Status::Fine)
}

/// A page of history.
#[derive(Serialize)]
struct History {
    entries: Vec<HistoryEntry>,
    /// Where the next page begins.
    next: Option<u64>,
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            return f.write_str("no change is known");
        }
        for entry in &self.entries {
            write!(
                f,
                "{} {} {}, version {}, by ",
                entry.cursor,
                utc(entry.at_ms),
                escape(&entry.item.to_string(), MAX_CHANGE),
                entry.revision
            )?;
            match &entry.actor {
                Actor::Host { what } => writeln!(f, "the host ({what})")?,
                Actor::Plugin { identity, call, .. } => {
                    writeln!(f, "{identity} ({}), call {call}", identity.digest)?;
                }
            }
            writeln!(f, "    {}", short(&entry.change.to_string()))?;
        }
        match self.next {
            Some(next) => write!(f, "there may be more: --after {next}"),
            None => Ok(()),
        }
    }
}

/// A plugin's text, cut, and with what a terminal would obey written as escapes.
fn short(change: &str) -> String {
    let shown = escape(change, MAX_CHANGE);
    match change.len() > MAX_CHANGE {
        true => format!("{shown}..."),
        false => shown,
    }
}
