//! All receipts as JSON lines.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use portcullis::Record;
use portcullis::engine::Observer;

/// A file to which each receipt is appended, one JSON object a line.
pub(super) struct ReceiptFile(Mutex<Sink>);

struct Sink {
    file: BufWriter<File>,
    written: u64,
    /// The first failure; after it nothing is written.
    failure: Option<io::Error>,
}

impl ReceiptFile {
    /// An empty file, in a directory that is made if it is not there.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let file = BufWriter::new(File::create(path)?);
        Ok(Self(Mutex::new(Sink {
            file,
            written: 0,
            failure: None,
        })))
    }

    /// Writes what is left, and gives the number of receipts.
    pub(super) fn finish(&self) -> io::Result<u64> {
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = sink.failure.take() {
            return Err(failure);
        }
        sink.file.flush()?;
        Ok(sink.written)
    }
}

impl Sink {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, record)?;
        self.file.write_all(b"\n")?;
        self.written += 1;
        Ok(())
    }
}

impl Observer for ReceiptFile {
    fn record(&self, record: &Record) {
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sink.failure.is_none() {
            sink.failure = sink.write(record).err();
        }
    }
}
