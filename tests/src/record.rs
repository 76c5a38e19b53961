//! An observer, a log sink and a writer that keep what they are shown.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portcullis::capability::LogSink;
use portcullis::log_record::LogRecord;
use portcullis::{ChainReceipt, Observer, Record};

/// Keeps every receipt, of calls and of chains, unless told to keep none.
#[derive(Default)]
pub struct Receipts {
    none: AtomicBool,
    calls: Mutex<Vec<Record>>,
    chains: Mutex<Vec<ChainReceipt>>,
}

impl Receipts {
    /// Keeps none from now on: for a run with too many of them.
    pub fn keep_none(&self) {
        self.none.store(true, Ordering::Relaxed);
    }

    /// The receipts of chains so far, in the order in which they ended.
    pub fn chains(&self) -> Vec<ChainReceipt> {
        let chains = self.chains.lock();
        chains.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The receipts so far, in the order in which the calls ended.
    pub fn all(&self) -> Vec<Record> {
        self.lock().clone()
    }

    /// The receipts so far, which are then forgotten.
    pub fn take(&self) -> Vec<Record> {
        std::mem::take(&mut *self.lock())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Record>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Receipts {
    fn record(&self, record: &Record) {
        if !self.none.load(Ordering::Relaxed) {
            self.lock().push(record.clone());
        }
    }

    fn chain(&self, chain: &ChainReceipt) {
        if self.none.load(Ordering::Relaxed) {
            return;
        }
        let chains = self.chains.lock();
        let mut chains = chains.unwrap_or_else(PoisonError::into_inner);
        chains.push(chain.clone());
    }
}

/// Keeps every log record.
#[derive(Default)]
pub struct Sink(Mutex<Vec<LogRecord>>);

impl Sink {
    /// The records so far.
    pub fn all(&self) -> Vec<LogRecord> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<LogRecord>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogSink for Sink {
    fn emit(&self, record: LogRecord) {
        self.lock().push(record);
    }
}

/// Keeps what `tracing` writes. Clones share it.
#[derive(Clone, Default)]
pub struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    /// What was written since this was last asked.
    pub fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
