//! What happens to plugins, told to whoever listens.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::clock::SharedClock;
use crate::engine::Observer;
use crate::event::{Event, EventKind, EventSink};
use crate::identity::{CallId, Identity};
use crate::log_record::escape;
use crate::receipt::Record;

/// An event's message has at most this many bytes: those of a receipt's message, and what stands before it.
const MAX_MESSAGE: usize = 1_536;

/// Tells sinks of events. As an observer it tells of calls that failed or were refused something.
#[derive(Clone, Default)]
pub(crate) struct Bulletin {
    sinks: Vec<Arc<dyn EventSink>>,
    clock: SharedClock,
}

impl Bulletin {
    pub(crate) fn new(sinks: Vec<Arc<dyn EventSink>>, clock: SharedClock) -> Self {
        Self { sinks, clock }
    }

    /// Whether nobody listens.
    pub(crate) fn is_empty(&self) -> bool {
        self.sinks.is_empty()
    }

    /// Tells of something that happened to a plugin, in a call or outside of any.
    pub(crate) fn tell(
        &self,
        kind: EventKind,
        plugin: &Identity,
        call: Option<CallId>,
        message: &str,
    ) {
        if self.is_empty() {
            return;
        }
        let event = Event {
            at_ms: self.clock.now_ms(),
            kind,
            plugin: plugin.clone(),
            call,
            message: escape(message, MAX_MESSAGE),
        };
        for sink in &self.sinks {
            if catch_unwind(AssertUnwindSafe(|| sink.event(&event))).is_err() {
                tracing::error!(
                    plugin = %plugin.plugin,
                    version = %plugin.version,
                    call = call.map(display),
                    event = %kind,
                    "a sink of events panicked"
                );
            }
        }
    }

    #[cold]
    fn failed(&self, record: &Record) {
        let mut message = format!(
            "{}/{} {}",
            record.extension, record.operation, record.outcome
        );
        if let Some(why) = &record.message {
            message.push_str(": ");
            message.push_str(why);
        }
        self.tell(EventKind::Failed, &record.plugin, Some(record.id), &message);
    }

    #[cold]
    fn denied(&self, record: &Record) {
        let Some(denial) = record.denials.first() else {
            return;
        };
        let more = record
            .more_denials
            .saturating_add(record.denials.len() as u64 - 1);
        let message = match more {
            0 => denial.to_string(),
            _ => format!("{denial} and {more} more"),
        };
        self.tell(EventKind::Denied, &record.plugin, Some(record.id), &message);
    }
}

impl Observer for Bulletin {
    fn record(&self, record: &Record) {
        if record.blame.is_some() {
            self.failed(record);
        }
        if !record.denials.is_empty() {
            self.denied(record);
        }
    }
}
