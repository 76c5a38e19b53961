//! What happened, in the order in which it began.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::engine::Observer;
use crate::identity::CallId;
use crate::receipt::{ChainReceipt, ChainStep, Record};

/// A timeline keeps at most this many calls and chains, and counts the rest: it is for one conversation, not for a host's life.
const MAX_ENTRIES: usize = 10_000;

/// Keeps the receipts of calls and chains with the times at which they began, and prints them in that order: the calls of a chain below it,
/// indented.
pub struct Timeline {
    began: Instant,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    entries: Vec<TimelineEntry>,
    dropped: u64,
}

/// A call or a chain that has ended.
#[derive(Clone, Debug, Serialize)]
pub struct TimelineEntry {
    /// When it began, in nanoseconds after the timeline.
    pub began_ns: u64,
    /// What it left behind.
    #[serde(flatten)]
    pub what: Happened,
}

/// What a timeline tells of.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(
    clippy::large_enum_variant,
    reason = "a timeline is small, and a box would only be in the way of its readers"
)]
pub enum Happened {
    /// A call.
    Call(Record),
    /// A chain of hook handlers. Its calls are told of by themselves as well.
    Chain(ChainReceipt),
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new()
    }
}

impl Timeline {
    /// A timeline that begins now.
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            kept: Mutex::default(),
        }
    }

    /// What has ended so far, in the order in which it began.
    pub fn entries(&self) -> Vec<TimelineEntry> {
        let mut entries = self.kept().entries.clone();
        entries.sort_by_key(|entry| entry.began_ns);
        entries
    }

    /// How many calls and chains were not kept: beyond the first 10,000.
    pub fn dropped(&self) -> u64 {
        self.kept().dropped
    }

    /// Forgets what has ended so far.
    pub fn clear(&self) {
        *self.kept() = Kept::default();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what has just ended and took this long.
    fn keep(&self, duration: Duration, what: impl FnOnce() -> Happened) {
        let began = self.began.elapsed().saturating_sub(duration);
        let began_ns = u64::try_from(began.as_nanos()).unwrap_or(u64::MAX);
        let mut kept = self.kept();
        if kept.entries.len() >= MAX_ENTRIES {
            kept.dropped += 1;
            return;
        }
        let what = what();
        kept.entries.push(TimelineEntry { began_ns, what });
    }
}

impl Observer for Timeline {
    fn record(&self, record: &Record) {
        self.keep(record.duration, || Happened::Call(record.clone()));
    }

    fn chain(&self, chain: &ChainReceipt) {
        self.keep(chain.duration, || Happened::Chain(chain.clone()));
    }
}

/// The ids of calls that chains made: they are told of with their chains.
fn calls_of_chains(entries: &[TimelineEntry]) -> BTreeSet<CallId> {
    let chains = entries.iter().filter_map(|entry| match &entry.what {
        Happened::Chain(chain) => Some(chain),
        Happened::Call(_) => None,
    });
    let steps = chains.flat_map(|chain| &chain.steps);
    steps
        .filter_map(|step| step.call.as_ref().map(|call| call.id))
        .collect()
}

/// A line for each call and chain, and one for each step of a chain: when it began, how long it took, what it was and how it ended.
impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries();
        let in_chains = calls_of_chains(&entries);
        let mut separator = "";
        for entry in &entries {
            let began = Duration::from_nanos(entry.began_ns);
            match &entry.what {
                Happened::Call(call) if in_chains.contains(&call.id) => continue,
                Happened::Call(call) => {
                    write!(
                        f,
                        "{separator}{} {}",
                        Times(began, call.duration),
                        Line(call)
                    )?;
                }
                Happened::Chain(chain) => {
                    write!(f, "{separator}{} ", Times(began, chain.duration))?;
                    write!(f, "{} [{}] {}", chain.point, chain.subject, chain.verdict)?;
                    if let Some(fault) = &chain.fault {
                        write!(f, ", fault: {fault}")?;
                    }
                    chain.steps.iter().try_for_each(|step| line_of(step, f))?;
                }
            }
            separator = "\n";
        }
        match self.dropped() {
            0 => Ok(()),
            dropped => write!(f, "{separator}and {dropped} more, which were not kept"),
        }
    }
}

/// A step of a chain. When it began is not told: steps come one after the other.
fn line_of(step: &ChainStep, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let duration = step.call.as_ref().map(|call| call.duration);
    let took = duration.map_or_else(String::new, |duration| Millis(duration).to_string());
    write!(
        f,
        "\n{:>12} {took:>12}   {} {}",
        "", step.handler, step.decision
    )?;
    step.notes.iter().try_for_each(|note| write!(f, "; {note}"))
}

/// A call in a line.
struct Line<'a>(&'a Record);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = self.0;
        let (plugin, extension, operation) =
            (&call.plugin.plugin, &call.extension, &call.operation);
        write!(
            f,
            "{plugin} {extension}/{operation} [{}] {}",
            call.subject, call.outcome
        )?;
        if call.emitted > 0 {
            write!(f, ", {} events emitted", call.emitted)?;
        }
        if let Some(denial) = call.denials.first() {
            write!(f, ", denied: {denial}")?;
        }
        match &call.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

/// When something began and how long it took, in columns.
struct Times(Duration, Duration);

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (began, took) = (format!("+{}", Millis(self.0)), Millis(self.1).to_string());
        write!(f, "{began:>12} {took:>12}")
    }
}

/// Milliseconds with three places.
struct Millis(Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ms", self.0.as_secs_f64() * 1_000.0)
    }
}
