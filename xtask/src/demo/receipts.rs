//! All receipts as JSON lines.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use portcullis::Record;
use portcullis::engine::Observer;

/// A file to which each receipt is appended, one JSON object a line. A line is there as soon as its call has ended, whatever ends the demo.
pub(super) struct ReceiptFile(Mutex<Sink>);

struct Sink {
    file: File,
    line: Vec<u8>,
    written: u64,
    /// The first failure; after it nothing is written.
    failure: Option<io::Error>,
}

impl ReceiptFile {
    /// Opens the file, in a directory that is made if it is not there; an empty file if the demo begins anew.
    pub(super) fn open(path: &Path, is_new: bool) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut open = OpenOptions::new();
        let file = match is_new {
            true => File::create(path)?,
            false => open.create(true).append(true).open(path)?,
        };
        Ok(Self(Mutex::new(Sink {
            file,
            line: Vec::new(),
            written: 0,
            failure: None,
        })))
    }

    /// Gives the number of receipts that were written.
    pub(super) fn finish(&self) -> io::Result<u64> {
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = sink.failure.take() {
            return Err(failure);
        }
        Ok(sink.written)
    }
}

impl Sink {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, record)?;
        self.line.push(b'\n');
        // In one piece, so that a demo that is killed leaves whole lines.
        self.file.write_all(&self.line)?;
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
