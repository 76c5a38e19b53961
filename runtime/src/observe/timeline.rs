//! What happened, and when: calls and chains of handlers as they follow each other.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::engine::Observer;
use crate::identity::CallId;
use crate::log_record::escape;
use crate::receipt::{ChainReceipt, ChainStep, Record};

/// How many moments are kept where nothing else is said: those of a long conversation. A call takes some kilobytes at most, a chain as much for each
/// of its steps.
const MOMENTS: usize = 4_096;

/// A longer note, or name of an operation, is cut here where it is shown, in bytes: a receipt's message has as many.
const MAX_LINE: usize = 1_024;

/// An observer that keeps calls and chains with the times at which they began and ended, and shows them in that order, each call of a chain
/// indented below it. Of what is more than it may keep, the oldest is forgotten and counted.
pub struct Timeline {
    most: usize,
    kept: Mutex<Kept>,
}

struct Kept {
    began: Instant,
    moments: VecDeque<Moment>,
    forgotten: u64,
}

/// Something that happened. Times count from the beginning of the timeline.
#[derive(Clone, Debug, Serialize)]
pub struct Moment {
    /// When it began.
    pub began: Duration,
    /// When it had ended.
    pub ended: Duration,
    /// What it was.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum What {
    /// A call of a plugin. Of its denials at most 4 are named, the others counted.
    Call(Box<Record>),
    /// A chain of hook handlers. Its calls are moments of their own, and are cut alike here.
    Chain(Box<ChainReceipt>),
    /// Something that the host says of itself.
    Note(String),
}

impl Default for Timeline {
    fn default() -> Self {
        Self::keeping(MOMENTS)
    }
}

impl Timeline {
    /// A timeline that begins now and keeps at most so many moments; 4,096 by default.
    pub fn keeping(most: usize) -> Self {
        Self {
            most,
            kept: Kept::now().into(),
        }
    }

    /// Notes something that the host does, in a line, between the calls.
    pub fn note(&self, text: impl Into<String>) {
        self.keep(Duration::ZERO, What::Note(text.into()));
    }

    /// What is kept, in the order in which it began.
    pub fn moments(&self) -> Vec<Moment> {
        let mut moments: Vec<_> = self.lock().moments.iter().cloned().collect();
        moments.sort_by_key(|moment| moment.began);
        moments
    }

    /// Begins anew, now: forgets what happened so far, without counting it.
    pub fn clear(&self) {
        *self.lock() = Kept::now();
    }

    /// How many moments are kept no more.
    pub fn forgotten(&self) -> u64 {
        self.lock().forgotten
    }

    /// Keeps what took this long and has ended now.
    fn keep(&self, duration: Duration, what: What) {
        let mut kept = self.lock();
        let ended = kept.began.elapsed();
        let moment = Moment {
            began: ended.saturating_sub(duration),
            ended,
            what,
        };
        kept.moments.push_back(moment);
        if kept.moments.len() > self.most {
            kept.moments.pop_front();
            kept.forgotten += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn now() -> Self {
        Self {
            began: Instant::now(),
            moments: VecDeque::new(),
            forgotten: 0,
        }
    }
}

/// How many of a call's denials are kept; the others are counted with those that its receipt does not name.
const MAX_DENIALS: usize = 4;

/// A receipt as it is kept.
fn kept(record: &Record) -> Record {
    let mut record = record.clone();
    let more = record.denials.len().saturating_sub(MAX_DENIALS);
    record.denials.truncate(MAX_DENIALS);
    record.denials.shrink_to_fit();
    record.more_denials = record.more_denials.saturating_add(more as u64);
    record
}

impl Observer for Timeline {
    fn record(&self, record: &Record) {
        self.keep(record.duration, What::Call(Box::new(kept(record))));
    }

    fn chain(&self, chain: &ChainReceipt) {
        let mut chain = chain.clone();
        let calls = chain.steps.iter_mut().filter_map(|step| step.call.as_mut());
        calls.for_each(|call| **call = kept(call));
        self.keep(chain.duration, What::Chain(Box::new(chain)));
    }
}

/// A line for each moment: when it began, in milliseconds, how long it took, and what it was.
impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moments = self.moments();
        let mut in_chains = BTreeMap::new();
        for moment in &moments {
            if let What::Chain(chain) = &moment.what {
                let calls = chain.steps.iter().filter_map(|step| step.call.as_ref());
                in_chains.extend(calls.map(|call| (call.id, None)));
            }
        }
        for moment in &moments {
            if let What::Call(call) = &moment.what
                && let Some(place) = in_chains.get_mut(&call.id)
            {
                *place = Some(moment);
            }
        }
        let forgotten = self.forgotten();
        if forgotten > 0 {
            writeln!(f, "{forgotten} earlier moments are forgotten")?;
        }
        moments
            .iter()
            .try_for_each(|moment| show(f, moment, &in_chains))
    }
}

/// The calls of chains, and when they were.
type InChains<'a> = BTreeMap<CallId, Option<&'a Moment>>;

fn show(f: &mut fmt::Formatter<'_>, moment: &Moment, in_chains: &InChains<'_>) -> fmt::Result {
    match &moment.what {
        What::Call(call) if in_chains.contains_key(&call.id) => Ok(()),
        What::Call(call) => {
            times(f, Some(moment))?;
            let (plugin, outcome) = (&call.plugin.plugin, call.outcome);
            let operation = escape(&call.operation, MAX_LINE);
            write!(f, "{}/{operation} ", call.extension)?;
            write!(f, "of {plugin} [{}] {outcome}", call.subject)?;
            if call.emitted > 0 {
                write!(f, ", {} events emitted", call.emitted)?;
            }
            if let Some(denial) = call.denials.first() {
                write!(f, ", denied: {denial}")?;
            }
            match &call.message {
                Some(message) => writeln!(f, ": {message}"),
                None => writeln!(f),
            }
        }
        What::Chain(chain) => {
            times(f, Some(moment))?;
            write!(f, "{} [{}] {}", chain.point, chain.subject, chain.verdict)?;
            if let Some(fault) = &chain.fault {
                write!(f, ", fault: {fault}")?;
            }
            writeln!(f)?;
            let mut steps = chain.steps.iter();
            steps.try_for_each(|step| show_step(f, step, in_chains))
        }
        What::Note(text) => {
            times(f, Some(moment))?;
            writeln!(f, "{}", escape(text, MAX_LINE))
        }
    }
}

fn show_step(f: &mut fmt::Formatter<'_>, step: &ChainStep, calls: &InChains<'_>) -> fmt::Result {
    let call = step.call.as_ref();
    times(f, call.and_then(|call| *calls.get(&call.id)?))?;
    write!(f, "  {} {}", step.handler, step.decision)?;
    if let Some(message) = call.and_then(|call| call.message.as_ref()) {
        write!(f, " ({message})")?;
    }
    step.notes
        .iter()
        .try_for_each(|note| write!(f, "; {note}"))?;
    writeln!(f)
}

/// When a moment began and how long it took; blank for what nothing is known of, and without a length for what has none.
fn times(f: &mut fmt::Formatter<'_>, moment: Option<&Moment>) -> fmt::Result {
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    match moment {
        None => write!(f, "{:26}", ""),
        Some(Moment { began, ended, .. }) if began == ended => {
            write!(f, "{:>11.3}{:15}", ms(*began), "")
        }
        Some(Moment { began, ended, .. }) => {
            write!(f, "{:>11.3}  +{:>9.3}   ", ms(*began), ms(*ended - *began))
        }
    }
}
