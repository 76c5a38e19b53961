//! `state check`: is the state whole?

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use portcullis::Record;
use portcullis::receipt::Commit;
use portcullis_state::{CheckReport, JobCounts, ReadError, World};
use serde::Serialize;

use crate::archive;
use crate::error::CliError;
use crate::status::Status;
use crate::table::table;
use crate::terminal::Terminal;

/// Check that the state is whole: replay its history and compare what comes of it with what is stored
///
/// With --receipts, check too that every change is there that a receipt says was committed. A host may be running on the state meanwhile.
/// The exit status is 3 if something is amiss.
#[derive(Args)]
pub(super) struct Options {
    /// Receipts of calls, one JSON object a line, as the demo writes them.
    #[arg(long, value_name = "FILE")]
    receipts: Option<PathBuf>,
}

/// What was found.
#[derive(Serialize)]
struct Found {
    worlds: Vec<WorldRow>,
    jobs: JobCounts,
    /// Whether the history goes back to the beginning, so that all of the state was made anew from it.
    replayed: bool,
    history: CheckReport,
    /// How many receipts of committed calls were compared with the history: none if older history is no longer kept.
    receipts: u64,
    /// What is amiss; empty for a state that is whole.
    problems: Vec<String>,
}

#[derive(Serialize)]
struct WorldRow {
    world: String,
    hour: u64,
    npcs: usize,
    sessions: usize,
}

pub(super) fn run(
    options: &Options,
    place: &archive::Place,
    terminal: Terminal,
) -> Result<Status, CliError> {
    let archive = place.open()?;
    // Before the history: a host that runs meanwhile only adds to it.
    let receipts = match &options.receipts {
        Some(path) => committed(path)?,
        None => Vec::new(),
    };
    let history = archive.check().map_err(archive::failed)?;
    let mut problems: Vec<String> = history
        .differences
        .iter()
        .map(ToString::to_string)
        .collect();
    // What was swept of a call is not lost, so only a whole history can be held against receipts.
    let mut compared = 0;
    if history.is_complete() {
        compared = receipts.len() as u64;
        let lost = receipts.iter().filter_map(|one| lost(one, &history));
        problems.extend(lost);
    }
    // Damage must not keep the rest from being told.
    let mut noted = |error: ReadError| problems.push(error.to_string());
    let worlds = archive.worlds().map_err(&mut noted).unwrap_or_default();
    let jobs = archive.job_counts().map_err(&mut noted).unwrap_or_default();
    let found = Found {
        worlds: worlds.iter().map(row).collect(),
        jobs,
        replayed: history.is_complete(),
        history,
        receipts: compared,
        problems,
    };
    terminal.result(&found)?;
    Ok(match found.problems.is_empty() {
        true => Status::Fine,
        false => Status::Host,
    })
}

fn row(world: &World) -> WorldRow {
    WorldRow {
        world: world.id.to_string(),
        hour: world.document.meta.hour,
        npcs: world.npcs.len(),
        sessions: world.sessions.len(),
    }
}

/// The receipts of calls that committed something.
fn committed(path: &Path) -> Result<Vec<Record>, CliError> {
    let text = fs::read_to_string(path).map_err(|error| CliError::io(path, error))?;
    // Whoever was killed while it wrote a line has told nobody of that call.
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let lines = text.get(..whole).unwrap_or_default().lines();
    let mut records = Vec::new();
    for (number, line) in lines.enumerate() {
        let record: Record = serde_json::from_str(line).map_err(|error| CliError::File {
            path: path.to_owned(),
            why: format!("line {}: no receipt: {error}", number + 1),
        })?;
        if matches!(record.commit, Commit::Committed { .. }) {
            records.push(record);
        }
    }
    Ok(records)
}

/// What the history lacks of a committed call.
fn lost(receipt: &Record, history: &CheckReport) -> Option<String> {
    let Commit::Committed { writes } = receipt.commit else {
        return None;
    };
    let there = history.writes_of(receipt.id);
    (there != writes).then(|| {
        format!("call {}: its receipt says that {writes} changes were committed, the history has {there}", receipt.id)
    })
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.worlds.iter().map(|row| {
            [
                row.world.clone(),
                row.hour.to_string(),
                row.npcs.to_string(),
                row.sessions.to_string(),
            ]
        });
        writeln!(
            f,
            "{}\n",
            table(["WORLD", "HOUR", "NPCS", "SESSIONS"], rows)
        )?;
        writeln!(
            f,
            "{} changes in {} commits were replayed{}; {} documents are as the history has them",
            self.history.changes,
            self.history.revision,
            match self.replayed {
                true => "",
                false => ", older ones are no longer kept",
            },
            self.history.agree,
        )?;
        if self.receipts > 0 {
            writeln!(
                f,
                "{} receipts of committed calls were compared",
                self.receipts
            )?;
        }
        match self.problems.as_slice() {
            [] => f.write_str("the state is whole"),
            problems => {
                writeln!(f, "{} things are amiss:", problems.len())?;
                f.write_str(&problems.join("\n"))
            }
        }
    }
}
