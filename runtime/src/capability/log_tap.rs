//! The way of a plugin's text out of the sandbox: budgeted, without secrets, escaped, tagged, and handed to the host's log.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::identity::{CallId, Identity};
use crate::limits::Limits;
use crate::log_record::{Level, LogRecord, Source};
use crate::redactor::Redactor;

/// A longer line or message is cut here.
pub(crate) const MAX_MESSAGE: usize = 4_096;

/// Where the log records of plugins go.
pub trait LogSink: Send + Sync + 'static {
    /// Takes one record. Called on the thread that runs the plugin, so it should not block. A record that it panics over counts as dropped.
    fn emit(&self, record: LogRecord);
}

/// Hands records to `tracing`, tagged with plugin, version and call.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingSink;

impl LogSink for TracingSink {
    fn emit(&self, record: LogRecord) {
        macro_rules! emit {
            ($level:ident) => {
                tracing::$level!(
                    target: "portcullis::plugin",
                    plugin = %record.plugin.plugin,
                    version = %record.plugin.version,
                    call = %record.call,
                    source = ?record.source,
                    fields = ?record.fields,
                    "{}", record.message
                )
            };
        }
        match record.level {
            Level::Debug => emit!(debug),
            Level::Info => emit!(info),
            Level::Warn => emit!(warn),
            Level::Error => emit!(error),
        }
    }
}

/// One instance's log. Shared between the call and the WASI streams, which outlive no instance.
pub(crate) struct LogTap {
    plugin: Arc<Identity>,
    sink: Arc<dyn LogSink>,
    redactor: Redactor,
    /// The sequence number of the call.
    call: AtomicU64,
    /// Whether the call has logged anything: most have not, and are spared the lock.
    used: AtomicBool,
    state: Mutex<State>,
}

struct State {
    records_left: u32,
    bytes_left: u64,
    dropped: u64,
    stdout: Line,
    stderr: Line,
}

/// What there is of an unfinished line of standard output or error.
#[derive(Default)]
struct Line {
    /// Its beginning, as much as a record can show.
    start: Vec<u8>,
    /// How long it is, in bytes.
    length: u64,
}

impl Line {
    /// Goes on with the line; no more than `most` bytes of it are kept.
    fn extend(&mut self, bytes: &[u8], most: usize) {
        self.length = self.length.saturating_add(bytes.len() as u64);
        let room = most.saturating_sub(self.start.len());
        self.start
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// How many records would be needed for what a record does not show of it.
    fn beyond(&self) -> u64 {
        self.length
            .saturating_sub(MAX_MESSAGE as u64)
            .div_ceil(MAX_MESSAGE as u64)
    }
}

impl LogTap {
    pub(crate) fn new(
        plugin: Arc<Identity>,
        sink: Arc<dyn LogSink>,
        redactor: Redactor,
        call: CallId,
        limits: &Limits,
    ) -> Self {
        Self {
            plugin,
            sink,
            redactor,
            call: AtomicU64::new(call.sequence()),
            used: AtomicBool::new(false),
            state: Mutex::new(State {
                records_left: limits.log_records,
                bytes_left: limits.log_bytes,
                dropped: 0,
                stdout: Line::default(),
                stderr: Line::default(),
            }),
        }
    }

    /// Budgets anew, for the next call on a warm instance.
    pub(crate) fn begin(&self, call: CallId, limits: &Limits) {
        self.call.store(call.sequence(), Ordering::Relaxed);
        if !self.used.load(Ordering::Relaxed) {
            return;
        }
        self.used.store(false, Ordering::Relaxed);
        let mut state = self.locked();
        state.records_left = limits.log_records;
        state.bytes_left = limits.log_bytes;
        state.dropped = 0;
        state.stdout = Line::default();
        state.stderr = Line::default();
    }

    /// Emits what stands in unfinished lines, and tells how many records were dropped.
    pub(crate) fn finish(&self) -> u64 {
        if !self.used.load(Ordering::Relaxed) {
            return 0;
        }
        let mut state = self.locked();
        for source in [Source::Stdout, Source::Stderr] {
            let rest = mem::take(state.line(source));
            if rest.length > 0 {
                self.emit_line(&mut state, source, &rest);
            }
        }
        state.dropped
    }

    /// Emits one record; false if the budget does not allow it.
    pub(crate) fn emit(&self, level: Level, message: &str, fields: Vec<(String, String)>) -> bool {
        let mut state = self.lock();
        if state.records_left == 0 {
            state.drop_records(1);
            return false;
        }
        let show = |text: &str, limit| self.redactor.show(text, limit);
        let fields = fields
            .into_iter()
            .map(|(key, value)| (show(&key, 64), show(&value, 1_024)))
            .collect();
        self.record(
            &mut state,
            Source::Log,
            level,
            show(message, MAX_MESSAGE),
            fields,
        )
    }

    /// Takes bytes of standard output or error; each full line becomes a record. Of a line that is too long for one, each begun [`MAX_MESSAGE`]
    /// bytes beyond count as a record that was dropped.
    pub(crate) fn write(&self, source: Source, bytes: &[u8]) {
        let mut state = self.lock();
        // A secret that the limit cuts must still be found as one.
        let most = MAX_MESSAGE + self.redactor.longest();
        let mut rest = bytes;
        while state.records_left > 0 {
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                state.line(source).extend(rest, most);
                return;
            };
            let (piece, after) = rest.split_at(end);
            state.line(source).extend(piece, most);
            let full = mem::take(state.line(source));
            self.emit_line(&mut state, source, &full);
            rest = after.get(1..).unwrap_or_default();
        }
        state.drop_lines(source, rest);
    }

    fn emit_line(&self, state: &mut State, source: Source, line: &Line) {
        if state.records_left == 0 {
            state.drop_records(line.beyond().saturating_add(1));
            return;
        }
        state.drop_records(line.beyond());
        let level = if source == Source::Stderr {
            Level::Warn
        } else {
            Level::Info
        };
        let text = String::from_utf8_lossy(&line.start);
        self.record(
            state,
            source,
            level,
            self.redactor.show(text.trim_end_matches('\r'), MAX_MESSAGE),
            Vec::new(),
        );
    }

    fn record(
        &self,
        state: &mut State,
        source: Source,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> bool {
        let text = fields
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum::<usize>()
            + message.len();
        // One that has too much text was made like any other, and takes its place: who sends many of them does not have the host make them all.
        state.records_left = state.records_left.saturating_sub(1);
        if state.bytes_left < text as u64 {
            state.drop_records(1);
            return false;
        }
        state.bytes_left -= text as u64;
        let record = LogRecord {
            plugin: self.plugin.clone(),
            call: CallId::of_sequence(self.call.load(Ordering::Relaxed)),
            source,
            level,
            message,
            fields,
        };
        // Caught here and not with the call: unfinished lines are flushed after it, and while it is torn down.
        let emitted = catch_unwind(AssertUnwindSafe(|| self.sink.emit(record))).is_ok();
        if !emitted {
            state.drop_records(1);
        }
        emitted
    }

    /// For writing: notes that the call has logged.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.used.store(true, Ordering::Relaxed);
        self.locked()
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        // A sink that panicked must not silence the plugins that come after.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn line(&mut self, source: Source) -> &mut Line {
        match source {
            Source::Stderr => &mut self.stderr,
            _ => &mut self.stdout,
        }
    }

    fn drop_records(&mut self, records: u64) {
        self.dropped = self.dropped.saturating_add(records);
    }

    /// Counts the lines of what cannot become records any more, and looks at nothing else of it.
    fn drop_lines(&mut self, source: Source, bytes: &[u8]) {
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
        let line = self.line(source);
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => line.length = (bytes.len() - last - 1) as u64,
            None => line.length = line.length.saturating_add(bytes.len() as u64),
        }
        self.drop_records(ends as u64);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::package::Digest;

    /// Keeps the messages.
    #[derive(Default)]
    struct Messages(Mutex<Vec<String>>);

    impl LogSink for Messages {
        fn emit(&self, record: LogRecord) {
            self.0.lock().unwrap().push(record.message);
        }
    }

    /// What a tap with these budgets makes of what `write` does with it: the messages, and how many records were dropped.
    fn told(records: u32, bytes: u64, write: impl FnOnce(&LogTap)) -> (Vec<String>, u64) {
        let limits = Limits {
            log_records: records,
            log_bytes: bytes,
            ..Limits::default()
        };
        let plugin = Identity {
            plugin: "writer".parse().unwrap(),
            version: "0.1.0".parse().unwrap(),
            digest: Digest::of(b""),
        };
        let sink = Arc::new(Messages::default());
        let call = CallId::of_sequence(1);
        let log: Arc<dyn LogSink> = Arc::<Messages>::clone(&sink);
        let tap = LogTap::new(plugin.into(), log, Redactor::default(), call, &limits);
        write(&tap);
        let dropped = tap.finish();
        let messages = mem::take(&mut *sink.0.lock().unwrap());
        (messages, dropped)
    }

    /// Proves C7, X2: each line beyond the budget is counted, also one without an end.
    #[test]
    fn lines_beyond_the_budget_are_counted() {
        let (messages, dropped) = told(2, 1_000, |tap| {
            tap.write(Source::Stdout, b"o");
            tap.write(Source::Stdout, b"ne\n\nthree\nfour\nfi");
            tap.write(Source::Stdout, b"ve");
            tap.write(Source::Stdout, b"\nsix");
        });
        assert_eq!((messages, dropped), (vec!["one".into(), String::new()], 4));
        let (messages, dropped) = told(3, 1_000, |tap| {
            tap.write(Source::Stderr, b"no end");
            tap.write(Source::Stdout, b"a\nb\n");
        });
        assert_eq!(messages, ["a", "b", "no end"]);
        assert_eq!(dropped, 0);
    }

    /// Proves C7: what a record does not show of a long line is counted, in records.
    #[test]
    fn the_rest_of_a_long_line_is_counted() {
        for (length, beyond) in [(0, 0), (1, 1), (MAX_MESSAGE, 1), (10 * MAX_MESSAGE + 1, 11)] {
            let line = vec![b'x'; MAX_MESSAGE + length];
            for end in ["", "\n"] {
                let (messages, dropped) = told(3, 10_000, |tap| {
                    line.chunks(1_000)
                        .for_each(|piece| tap.write(Source::Stdout, piece));
                    tap.write(Source::Stdout, end.as_bytes());
                });
                assert_eq!((messages.len(), dropped), (1, beyond), "{length} {end:?}");
                assert!(messages.iter().all(|message| message.starts_with("xxx")));
            }
        }
    }

    /// Proves X2: a record with too much text is one of those that a call has, so no more of them are made than the budget says.
    #[test]
    fn too_much_text_takes_a_place() {
        let (messages, dropped) = told(3, 5, |tap| {
            tap.write(Source::Stdout, b"too long\ntoo long\nshort\nshort\n");
            assert!(!tap.emit(Level::Info, "late", Vec::new()));
        });
        assert_eq!((messages, dropped), (vec!["short".into()], 4));
    }
}
