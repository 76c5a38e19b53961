//! What a plugin says while it runs.

use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use portcullis::Limits;
use portcullis::capability::LogSink;
use portcullis::log_record::{LogRecord, Source};
use serde::Serialize;

use crate::terminal::Terminal;

/// What a program may print when it is collected for JSON: 16 MiB.
const MAX_COLLECTED: u64 = 16 << 20;

/// Passes on what a plugin says. A program's stdout goes to stdout and its stderr to stderr, both as lines; with JSON they become a part
/// of the result. Everything else goes to stderr.
pub(crate) struct Log {
    is_program: bool,
    terminal: Terminal,
    output: Mutex<Output>,
}

/// What a program printed.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Output {
    stdout: String,
    stderr: String,
}

impl Log {
    pub(crate) fn new(is_program: bool, terminal: Terminal) -> Self {
        Self {
            is_program,
            terminal,
            output: Mutex::default(),
        }
    }

    /// The limits with room for what a program prints.
    pub(crate) fn widen(&self, mut limits: Limits) -> Limits {
        if self.is_program {
            limits.log_records = u32::MAX;
            limits.log_bytes = if self.terminal.is_json() {
                MAX_COLLECTED
            } else {
                u64::MAX
            };
        }
        limits
    }

    /// What was collected; nothing unless a program ran for JSON.
    pub(crate) fn output(&self) -> Option<Output> {
        let collects = self.is_program && self.terminal.is_json();
        collects.then(|| {
            self.output
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        })
    }

    fn print(&self, record: &LogRecord) {
        let line = &record.message;
        // Nobody is left to tell if the other end is gone.
        let _nobody = match record.source {
            Source::Stdout => writeln!(io::stdout().lock(), "{line}"),
            _ => writeln!(io::stderr().lock(), "{line}"),
        };
    }

    fn collect(&self, record: &LogRecord) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match record.source {
            Source::Stdout => &mut output.stdout,
            _ => &mut output.stderr,
        };
        text.push_str(&record.message);
        text.push('\n');
    }
}

impl LogSink for Log {
    fn emit(&self, record: LogRecord) {
        if self.is_program && record.source != Source::Log {
            return if self.terminal.is_json() {
                self.collect(&record)
            } else {
                self.print(&record)
            };
        }
        let fields: String = record
            .fields
            .iter()
            .map(|(key, value)| format!(" {key}={value}"))
            .collect();
        self.terminal.progress(format_args!(
            "{} {}: {}{fields}",
            record.level, record.plugin, record.message
        ));
    }
}
