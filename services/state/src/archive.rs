//! A store's database for operators to look into, also while a host has it open.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use portcullis::PluginId;
use portcullis::capability::port::KvEntry;
use portcullis::guard::GuardRecord;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::check::{self, CheckReport};
use crate::document::World;
use crate::error::{OpenError, ReadError};
use crate::event::{self, EventPage, EventQuery};
use crate::history::{self, HistoryEntry, HistoryQuery};
use crate::job::JobCounts;
use crate::memory::Memory;
use crate::schema::Found;
use crate::{guard, load, open};

/// A view of a store's database. It changes nothing, holds no host back and takes no lock; each question sees what is on disk then.
pub struct Archive {
    connection: Connection,
}

impl Archive {
    /// Opens a database for reading.
    ///
    /// # Errors
    /// The file is not there or cannot be read; it is no database, or not one of this program's schema.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = connect(path)?;
        Ok(Self { connection })
    }

    /// The worlds with all that is in them, by id.
    ///
    /// # Errors
    /// The database cannot be read, or a document in it.
    pub fn worlds(&self) -> Result<Vec<World>, ReadError> {
        Ok(self.memory()?.worlds.into_values().collect())
    }

    /// A world with all that is in it.
    ///
    /// # Errors
    /// The database cannot be read, or a document in it.
    pub fn world(&self, world: &str) -> Result<Option<World>, ReadError> {
        Ok(self.memory()?.worlds.remove(world))
    }

    /// The workspaces' documents by id.
    ///
    /// # Errors
    /// The database cannot be read, or a document in it.
    pub fn workspaces(&self) -> Result<BTreeMap<String, Value>, ReadError> {
        let workspaces = self.memory()?.workspaces.into_iter();
        Ok(workspaces
            .map(|(id, document)| (id.to_string(), document.value.clone()))
            .collect())
    }

    /// A plugin's key-value store, expired keys too: an archive has no clock.
    ///
    /// # Errors
    /// The database cannot be read, or a document in it.
    pub fn kv(&self, plugin: &PluginId) -> Result<BTreeMap<String, KvEntry>, ReadError> {
        let keys = self.memory()?.kv.remove(plugin).unwrap_or_default();
        Ok(keys
            .iter()
            .map(|(key, document)| (key.to_string(), document.value.entry().clone()))
            .collect())
    }

    /// A part of the history of changes, the oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn history(&self, query: &HistoryQuery) -> Result<Vec<HistoryEntry>, ReadError> {
        history::read(&self.connection, query)
    }

    /// Some events, the oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn events(&self, query: &EventQuery) -> Result<EventPage, ReadError> {
        event::read(&self.connection, query)
    }

    /// The crash-loop guard's records.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn guard(&self) -> Result<BTreeMap<PluginId, GuardRecord>, ReadError> {
        guard::read(&self.connection)
    }

    /// How many text generation jobs there are of each state.
    ///
    /// # Errors
    /// The database cannot be read, or a document in it.
    pub fn job_counts(&self) -> Result<JobCounts, ReadError> {
        Ok(self.memory()?.job_counts())
    }

    /// Replays the history and compares it with what is stored.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn check(&self) -> Result<CheckReport, ReadError> {
        check::run(&self.connection)
    }

    /// All documents as of now, read in one transaction.
    fn memory(&self) -> Result<Memory, ReadError> {
        let transaction = self.connection.unchecked_transaction()?;
        let (memory, damage) = load::all(&transaction)?;
        match damage.first() {
            None => Ok(memory),
            Some(_) => Err(ReadError::Damaged(damage.join("; "))),
        }
    }
}

/// A connection that can only read, to a database of ours.
pub(crate) fn connect(path: &Path) -> Result<Connection, OpenError> {
    let io = |source| OpenError::Io {
        path: path.to_owned(),
        source,
    };
    let real = std::fs::canonicalize(path).map_err(io)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failure = |error| open::failure(path, error);
    let connection = Connection::open_with_flags(real, flags).map_err(failure)?;
    let patient = connection.busy_timeout(Duration::from_secs(10));
    patient.map_err(failure)?;
    match open::inspect(path, &connection)? {
        Found::Ours => Ok(connection),
        _ => Err(OpenError::NotADatabase {
            path: path.to_owned(),
        }),
    }
}
