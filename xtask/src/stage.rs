//! Where a plugin is run: worlds in memory, and a note of what it changed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portcullis::capability::{Answer, LogSink};
use portcullis::host::SettingsSource;
use portcullis::write_set::{Write, WriteSet};
use portcullis::{Host, Observer, Policy, Port, Record};
use portcullis_world::{Store, load};

use crate::archive;
use crate::compiler;
use crate::error::CliError;
use crate::host::block_on;

/// Worlds in memory, and what happens to them.
pub(crate) struct Stage {
    state: Arc<Store>,
    notes: Arc<Notes>,
}

/// What happened.
#[derive(Default)]
struct Notes {
    changes: Mutex<Vec<Write>>,
    records: Mutex<Vec<Record>>,
}

impl Stage {
    /// Loads the worlds. Without any, plugins find none.
    ///
    /// # Errors
    /// A file cannot be read, or is no world.
    pub(crate) fn set(files: &[PathBuf]) -> Result<Self, CliError> {
        let worlds = files
            .iter()
            .map(|file| load::read_file(file))
            .collect::<Result<Vec<_>, _>>()?;
        let store = Store::in_memory(Default::default())
            .map_err(|error| CliError::host(error.to_string()))?;
        block_on(portcullis_world::import(&store, worlds))?
            .map_err(archive::refused(|never| match never {}))?;
        Ok(Self {
            state: Arc::new(store),
            notes: Arc::default(),
        })
    }

    /// A host on these worlds.
    ///
    /// # Errors
    /// Its rooms do not fit together, or there is nothing to compile plugins with.
    pub(crate) fn host(
        &self,
        policy: Policy,
        log: Arc<dyn LogSink>,
        settings: Arc<dyn SettingsSource>,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Host, CliError> {
        let commit = Noting {
            state: self.state.clone(),
            notes: self.notes.clone(),
        };
        let mut builder = Host::builder()
            .compile_worker(compiler::worker()?)
            .policy(policy)
            .state(self.state.clone())
            .enabled(self.state.clone())
            .commit(Arc::new(commit))
            .observer(Arc::new(Noting {
                state: self.state.clone(),
                notes: self.notes.clone(),
            }))
            .log(log)
            .settings(settings);
        if let Some(observer) = observer {
            builder = builder.observer(observer);
        }
        builder
            .build()
            .map_err(|error| CliError::host(error.to_string()))
    }

    /// The id of the world, if there is exactly one.
    pub(crate) fn only_world(&self) -> Option<String> {
        match self.state.ids().as_slice() {
            [only] => Some(only.to_string()),
            _ => None,
        }
    }

    /// The changes that were committed so far.
    pub(crate) fn changes(&self) -> Vec<Write> {
        lock(&self.notes.changes).clone()
    }

    /// The last record of this operation.
    pub(crate) fn record_of(&self, extension: &str, operation: &str) -> Option<Record> {
        let records = lock(&self.notes.records);
        records
            .iter()
            .rev()
            .find(|record| record.extension == extension && *record.operation == *operation)
            .cloned()
    }
}

/// The commit port and the observer of the stage.
struct Noting {
    state: Arc<Store>,
    notes: Arc<Notes>,
}

impl Port<WriteSet> for Noting {
    fn call(&self, set: WriteSet) -> Answer<'_, WriteSet> {
        Answer::pending(async move {
            let writes = set.writes.clone();
            Port::<WriteSet>::call(&*self.state, set).await?;
            lock(&self.notes.changes).extend(writes);
            Ok(())
        })
    }
}

impl Observer for Noting {
    fn record(&self, record: &Record) {
        lock(&self.notes.records).push(record.clone());
    }
}

fn lock<T>(notes: &Mutex<T>) -> MutexGuard<'_, T> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}
