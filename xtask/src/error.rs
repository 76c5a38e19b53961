//! Why a verb did not do what it was asked.

use std::io;
use std::path::{Path, PathBuf};

use portcullis::problem::Problem;
use portcullis_world::LoadError;

use crate::status::Status;
use crate::terminal::one_line;

/// Why a verb did not do what it was asked. [`CliError::status`] tells whose fault that is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CliError {
    /// The command line cannot be done.
    #[error("{message}")]
    Usage {
        /// What is wrong with it.
        message: String,
        /// What to write instead.
        hint: Option<String>,
    },
    /// A file of the user's cannot be used.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The operating system failed to read or write.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A plugin, or its manifest, is wrong.
    #[error("{}", list(path, problems))]
    Plugin {
        /// The file that was handed in.
        path: PathBuf,
        /// What is wrong with it.
        problems: Vec<Problem>,
    },
    /// A generated file is not what it would be generated as.
    #[error("{}: {why}", path.display())]
    Stale {
        /// The file.
        path: PathBuf,
        /// What differs.
        why: String,
        /// The command that writes it.
        command: &'static str,
    },
    /// A program that a verb needs cannot be started.
    #[error("`{program}` cannot be started: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
        /// What to do about it.
        hint: &'static str,
    },
    /// A program that a verb runs on the user's behalf failed, and has said why.
    #[error("`{program}` failed")]
    Child {
        /// The program and its arguments.
        program: String,
        /// Its exit status, if it has one.
        code: Option<u8>,
    },
    /// The host failed.
    #[error("{message}")]
    Host {
        /// What failed.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

impl CliError {
    /// A command line that cannot be done, and what to write instead.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// A failure to read or write `path`. A file that is not there is a mistake in the command line.
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::File {
                path,
                why: "there is no such file".to_owned(),
            },
            io::ErrorKind::NotADirectory => Self::File {
                path,
                why: "a part of the path is not a directory".to_owned(),
            },
            _ => Self::Io { path, source },
        }
    }

    /// A failure of the host.
    pub(crate) fn host(message: impl Into<String>) -> Self {
        Self::Host {
            message: message.into(),
            hint: None,
        }
    }

    /// Whose fault it is.
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::Usage { .. } | Self::File { .. } => Status::CommandLine,
            Self::Plugin { .. } | Self::Stale { .. } => Status::Plugin,
            Self::Io { .. } | Self::Start { .. } | Self::Host { .. } => Status::Host,
            Self::Child { code, .. } => code.map_or(Status::Host, Status::Passed),
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } | Self::Host { hint, .. } => hint.clone(),
            Self::Stale { command, .. } => Some(format!("write it anew with `{command}`")),
            Self::Start { hint, .. } => Some((*hint).to_owned()),
            _ => None,
        }
    }
}

/// A world file is the user's, like the command line.
impl From<LoadError> for CliError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Read { path, source } => Self::io(&path, source),
            error => Self::Usage {
                message: error.to_string(),
                hint: None,
            },
        }
    }
}

fn list(path: &Path, problems: &[Problem]) -> String {
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| format!("{}: {}", path.display(), one_line(problem)))
        .collect();
    lines.join("\n")
}
