//! Opening a store: keep others out, look at the file, read it, start the writer.

use std::cell::Cell;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::{OpenError, ReadError};
use crate::memory::Memory;
use crate::options::Options;
use crate::schema::{self, Found};
use crate::shared::Shared;
use crate::store::Store;
use crate::writer::Writer;
use crate::{guard, load};

/// How long to wait for a reader that holds the database back, such as a backup.
const BUSY: Duration = Duration::from_secs(10);
/// The most kinds of damage that an error names.
const NAMED: usize = 20;

impl Store {
    /// Opens the database in a file, or makes one. The directory must be there. The lock file beside it, `<file>.lock`, stays when the store
    /// is closed; a lock that nobody holds is none.
    ///
    /// # Errors
    /// Another host has it; it is no database, or another program's or a newer one's; it is damaged; it cannot be read or written.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let at = |source| OpenError::Io {
            path: path.to_owned(),
            source,
        };
        let real = real(path).map_err(at)?;
        let lock = lock(&real)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(&real, flags).map_err(|error| failure(path, error))?;
        start(path, connection, options, Some((real, lock)))
    }

    /// Removes the database in a file for good, with what belongs to it; what is not there need not be. It is not looked into, so a damaged
    /// one can be removed too. While it is removed no host can open it. The lock file beside it stays: a host that has opened it already,
    /// and takes its lock next, and another one that made a new lock file would otherwise not see each other.
    ///
    /// # Errors
    /// [`OpenError::InUse`] if a host has it, and then nothing is removed; a file cannot be removed, and what is left is then removed by
    /// another try.
    pub fn remove(path: &Path) -> Result<(), OpenError> {
        let at = |source| OpenError::Io {
            path: path.to_owned(),
            source,
        };
        let real = real(path).map_err(at)?;
        let _lock = lock(&real)?;
        // The database first: without it, what is left beside it counts for nothing.
        for end in ["", "-wal", "-shm"] {
            match fs::remove_file(beside(&real, end)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// A store that lasts as long as it is held: for tests and demos.
    ///
    /// # Errors
    /// SQLite cannot be had.
    pub fn in_memory(options: Options) -> Result<Self, OpenError> {
        let path = Path::new("(in memory)");
        let connection = Connection::open_in_memory().map_err(|error| failure(path, error))?;
        start(path, connection, options, None)
    }
}

/// One name for a file, so that two ways to it lead to one lock.
fn real(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(error)?;
            let directory = path.parent().filter(|parent| *parent != Path::new(""));
            Ok(fs::canonicalize(directory.unwrap_or(Path::new(".")))?.join(name))
        }
        found => found,
    }
}

/// The file whose name has this end too.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    PathBuf::from(name)
}

/// The system lets go of the lock when the process ends, however it ends.
fn lock(path: &Path) -> Result<File, OpenError> {
    let lock = beside(path, ".lock");
    let at = |source| OpenError::Io {
        path: lock.clone(),
        source,
    };
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true);
    let file = file.open(&lock).map_err(at)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            path: path.to_owned(),
            lock,
        }),
        Err(TryLockError::Error(source)) => Err(at(source)),
    }
}

fn start(
    path: &Path,
    mut connection: Connection,
    options: Options,
    file: Option<(PathBuf, File)>,
) -> Result<Store, OpenError> {
    prepare(path, &mut connection, &options)?;
    let (memory, records) = read(path, &connection)?;
    let (file, lock) = file.unzip();
    let shared = Arc::new(Shared::new(memory, records));
    let mut writer = Writer {
        connection,
        shared: shared.clone(),
        options,
        last_ms: Cell::new(0),
        sweeping: Vec::new(),
        lost: false,
        _lock: lock,
    };
    writer.requeue();
    let again = writer.sweep();
    let (sender, tasks) = mpsc::channel();
    let clock = writer.options.clock.clone();
    let thread = std::thread::Builder::new().name("portcullis-state".to_owned());
    let thread = thread.spawn(move || writer.run(&tasks, again));
    let thread = thread.map_err(|source| OpenError::Io {
        path: path.to_owned(),
        source,
    })?;
    Ok(Store::new(shared, clock, file, sender, thread))
}

/// Looks at the file before anything of it is changed, then brings it to the newest schema.
fn prepare(path: &Path, connection: &mut Connection, options: &Options) -> Result<(), OpenError> {
    let failure = |error| failure(path, error);
    connection.busy_timeout(BUSY).map_err(failure)?;
    connection.set_prepared_statement_cache_capacity(64);
    // What a schema says is not to be trusted, and what a page says is to be looked at.
    let wary = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";
    connection.execute_batch(wary).map_err(failure)?;
    if inspect(path, connection)? != Found::Fresh {
        sound(path, pages(connection))?;
    }
    let synchronous = options.durability.synchronous();
    let mode = format!("PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous};");
    connection.execute_batch(&mode).map_err(failure)?;
    schema::migrate(connection).map_err(|error| OpenError::Corrupt {
        path: path.to_owned(),
        what: vec![format!("the schema: {error}")],
    })?;
    sound(path, schema::unlike(connection))
}

/// What SQLite finds, and then, as far as that can still be told, the documents that are hit.
fn pages(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut what = schema::pages(connection)?;
    if !what.is_empty()
        && let Ok((_, documents)) = load::all(connection)
    {
        what.extend(documents);
    }
    Ok(what)
}

/// Whether the file is one of ours that this program can use.
pub(crate) fn inspect(path: &Path, connection: &Connection) -> Result<Found, OpenError> {
    let path = || path.to_owned();
    match schema::inspect(connection).map_err(|error| failure(&path(), error))? {
        Found::Newer(found) => Err(OpenError::Newer {
            path: path(),
            found,
            known: schema::known(),
        }),
        Found::Foreign(application_id) => Err(OpenError::Foreign {
            path: path(),
            application_id,
        }),
        Found::Broken(version) => Err(OpenError::Corrupt {
            path: path(),
            what: vec![format!("its schema has the number {version}")],
        }),
        found => Ok(found),
    }
}

fn sound(path: &Path, damage: rusqlite::Result<Vec<String>>) -> Result<(), OpenError> {
    let mut what = damage.map_err(|error| failure(path, error))?;
    if what.is_empty() {
        return Ok(());
    }
    let more = what.len().saturating_sub(NAMED);
    what.truncate(NAMED);
    if more > 0 {
        what.push(format!("and {more} more"));
    }
    Err(OpenError::Corrupt {
        path: path.to_owned(),
        what,
    })
}

fn read(path: &Path, connection: &Connection) -> Result<(Memory, guard::Records), OpenError> {
    let (memory, mut damage) = load::all(connection).map_err(|error| failure(path, error))?;
    let records = match guard::read(connection) {
        Ok(records) => records,
        Err(ReadError::Sqlite(error)) => return Err(failure(path, error)),
        Err(error) => {
            damage.push(error.to_string());
            guard::Records::new()
        }
    };
    sound(path, Ok(damage))?;
    Ok((memory, records))
}

/// What an error of SQLite means for the file.
pub(crate) fn failure(path: &Path, error: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    let damaged = |what: String| OpenError::Corrupt {
        path: path.clone(),
        what: vec![what],
    };
    match &error {
        rusqlite::Error::SqliteFailure(code, _) if code.code == ErrorCode::NotADatabase => {
            OpenError::NotADatabase { path }
        }
        rusqlite::Error::SqliteFailure(code, _) if code.code == ErrorCode::DatabaseCorrupt => {
            damaged(error.to_string())
        }
        rusqlite::Error::SqliteFailure(code, _) if code.code != ErrorCode::Unknown => {
            OpenError::Sqlite {
                path,
                source: error,
            }
        }
        // Values of the wrong type, statements that do not fit the schema: the file is not what we wrote.
        _ => damaged(error.to_string()),
    }
}
