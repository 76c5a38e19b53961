//! What can go wrong with a store.

use std::path::PathBuf;

use crate::item::Item;

/// A store cannot be opened. Each text names the file and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another host has it.
    #[error(
        "{} is in use: another host holds {}; stop that host, or give this one a file of its own",
        path.display(),
        lock.display()
    )]
    InUse {
        /// The database.
        path: PathBuf,
        /// The lock file beside it.
        lock: PathBuf,
    },
    /// The file, or its lock file, cannot be read or written.
    #[error(
        "{}: {source}; check that the directory is there and that this user may write to it",
        path.display()
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error(
        "{} is not an SQLite database, or its first page is damaged; name another file, or restore a backup",
        path.display()
    )]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is the database of another program.
    #[error(
        "{} is a database of another program (application id {application_id:#x}); name another file",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its application id; 0 if it has none.
        application_id: i32,
    },
    /// A newer Portcullis wrote the file.
    #[error(
        "{} was written by a newer Portcullis: its schema is {found}, this program knows {known}; update this program",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema's number in the file.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// The file is damaged. Nothing of it was changed.
    #[error(
        "{} is damaged: {}; restore a backup, or save what is left with `sqlite3 <file> .recover`",
        path.display(),
        what.join("; ")
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is damaged: tables and ids, or what SQLite found. At most 20, then a count of the rest.
        what: Vec<String>,
    },
    /// SQLite failed for another reason.
    #[error("{}: {source}; check the disk's space and the file's permissions", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

/// A document that the store does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{item}: {why}")]
#[non_exhaustive]
pub struct InvalidDocument {
    /// Which.
    pub item: Item,
    /// What is wrong with it.
    pub why: String,
}

/// The host's own change was not made, and nothing of it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactError<E> {
    /// The closure said so.
    #[error("{0}")]
    Refused(E),
    /// A document that it left cannot be kept.
    #[error(transparent)]
    Invalid(#[from] InvalidDocument),
    /// The store failed, or the closure panicked. Why is in the host's log.
    #[error("the store failed; its log has the reason")]
    Failed,
}

/// A question about what is on disk was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// SQLite failed.
    #[error("the database cannot be read: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file cannot be opened.
    #[error(transparent)]
    Open(#[from] Box<OpenError>),
    /// Something on disk is not what a store writes.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// The store's writer is gone, or the question panicked.
    #[error("the store has stopped; its log has the reason")]
    Stopped,
}

/// Events or guard records sent since the last flush were not written. Why is in the host's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("some events or guard records could not be written; the store's log has the reason")]
pub struct FlushError;
