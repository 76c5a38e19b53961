//! Where output goes: results to stdout, everything else to stderr.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;

use portcullis::log_record::escape;
use portcullis::problem::{Problem, Severity};
use serde::Serialize;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::Format;
use crate::error::CliError;

/// A longer text of a plugin is cut here.
const MAX_LINE: usize = 8_192;

/// The two ways out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    format: Format,
}

impl Terminal {
    /// Output in this format.
    pub(crate) fn new(format: Format) -> Self {
        Self { format }
    }

    /// Whether results are written as JSON.
    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Writes a result to stdout: its `Display` as text, or one line of JSON.
    pub(crate) fn result(self, result: &(impl Display + Serialize)) -> Result<(), CliError> {
        let text = match self.format {
            Format::Text => result.to_string(),
            Format::Json => serde_json::to_string(result).map_err(|error| {
                CliError::host(format!("the result cannot be written as JSON: {error}"))
            })?,
        };
        self.text(&text)
    }

    /// Writes text to stdout as it stands, with a line break at its end if it has none.
    pub(crate) fn text(self, text: &str) -> Result<(), CliError> {
        let end = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        let mut stdout = io::stdout().lock();
        let written = write!(stdout, "{text}{end}").and_then(|()| stdout.flush());
        match written {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|source| CliError::Io {
                path: "stdout".into(),
                source,
            }),
        }
    }

    /// Tells on stderr what is being done.
    pub(crate) fn progress(self, text: impl Display) {
        to_stderr(&text.to_string());
    }

    /// Writes problems to stderr, each with the file that was handed in, and what to do about it.
    pub(crate) fn problems(self, path: &Path, problems: &[Problem]) {
        for problem in problems {
            to_stderr(&problem_lines(path, problem));
        }
    }
}

/// A problem as a compiler would print it: what, where, and help.
pub(crate) fn problem_lines(path: &Path, problem: &Problem) -> String {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let message = escape(&problem.message, MAX_LINE);
    let mut lines = format!(
        "{severity}[{}]: {message}\n  --> {}",
        problem.code,
        path.display()
    );
    if let Some(place) = &problem.location {
        // The manifest inside of a component has a name of its own.
        let separator = if path.ends_with(&place.file) {
            String::new()
        } else {
            format!(" ({})", escape(&place.file, 256))
        };
        lines.push_str(&format!("{separator}:{}:{}", place.line, place.column));
    }
    if let Some(hint) = &problem.hint {
        lines.push_str(&format!("\n  help: {}", escape(hint, MAX_LINE)));
    }
    lines
}

/// Text of a plugin as one harmless line: line breaks and terminal controls in it are escaped.
pub(crate) fn one_line(text: &impl Display) -> String {
    escape(&text.to_string(), MAX_LINE)
}

/// Writes an error and what to do about it to stderr.
pub(crate) fn print_error(error: &CliError) {
    if let CliError::Plugin { path, problems } = error {
        return problems
            .iter()
            .for_each(|problem| to_stderr(&problem_lines(path, problem)));
    }
    let hint = error
        .hint()
        .map(|hint| format!("\nhelp: {hint}"))
        .unwrap_or_default();
    to_stderr(&format!("error: {error}{hint}"));
}

/// Nobody is left to tell if stderr fails.
fn to_stderr(text: &str) {
    let _nobody = writeln!(io::stderr().lock(), "{text}");
}

/// Sends what the host traces to stderr, as `PORTCULLIS_LOG` says: a level, or levels by module.
pub(crate) fn start_tracing() {
    let asked = std::env::var("PORTCULLIS_LOG").ok();
    let parsed = asked.as_ref().map(|asked| asked.parse::<Targets>());
    if let Some(Err(error)) = &parsed {
        to_stderr(&format!(
            "PORTCULLIS_LOG: {error}; write it like `debug` or `warn,portcullis=trace`"
        ));
    }
    let filter = parsed
        .and_then(Result::ok)
        .unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .init();
}
