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
    stdout: Vec<u8>,
    stderr: Vec<u8>,
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
                stdout: Vec::new(),
                stderr: Vec::new(),
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
        state.stdout.clear();
        state.stderr.clear();
    }

    /// Emits what stands in unfinished lines, and tells how many records were dropped.
    pub(crate) fn finish(&self) -> u64 {
        if !self.used.load(Ordering::Relaxed) {
            return 0;
        }
        let mut state = self.locked();
        for source in [Source::Stdout, Source::Stderr] {
            let rest = mem::take(state.buffer(source));
            if !rest.is_empty() {
                self.emit_line(&mut state, source, &rest);
            }
        }
        state.dropped
    }

    /// Emits one record; false if the budget does not allow it.
    pub(crate) fn emit(&self, level: Level, message: &str, fields: Vec<(String, String)>) -> bool {
        let mut state = self.lock();
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

    /// Takes bytes of standard output or error; each full line becomes a record.
    pub(crate) fn write(&self, source: Source, bytes: &[u8]) {
        let mut state = self.lock();
        // A secret that the limit cuts must still be found as one.
        let most = MAX_MESSAGE + self.redactor.longest();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let buffer = state.buffer(source);
            let room = most.saturating_sub(buffer.len());
            let line = piece.strip_suffix(b"\n");
            buffer.extend(line.unwrap_or(piece).iter().take(room));
            if line.is_some() {
                let full = mem::take(buffer);
                self.emit_line(&mut state, source, &full);
            }
        }
    }

    fn emit_line(&self, state: &mut State, source: Source, line: &[u8]) {
        let level = if source == Source::Stderr {
            Level::Warn
        } else {
            Level::Info
        };
        let text = String::from_utf8_lossy(line);
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
        if state.records_left == 0 || state.bytes_left < text as u64 {
            state.dropped += 1;
            return false;
        }
        state.records_left -= 1;
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
            state.dropped += 1;
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
    fn buffer(&mut self, source: Source) -> &mut Vec<u8> {
        match source {
            Source::Stderr => &mut self.stderr,
            _ => &mut self.stdout,
        }
    }
}
