//! All receipts as JSON lines.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
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
            false => open.create(true).append(true).read(true).open(path)?,
        };
        if !is_new {
            cut_torn_line(&file)?;
        }
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

/// Removes the part of a line that a demo left which was killed while it wrote it: the next receipt begins a line of its own.
fn cut_torn_line(mut file: &File) -> io::Result<()> {
    const BLOCK: u64 = 64 * 1024;
    let mut end = file.seek(SeekFrom::End(0))?;
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        let mut block = Vec::new();
        file.take(end - start).read_to_end(&mut block)?;
        if let Some(last) = block.iter().rposition(|byte| *byte == b'\n') {
            return file.set_len(start + last as u64 + 1);
        }
        end = start;
    }
    file.set_len(0)
}

impl Sink {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, record)?;
        self.line.push(b'\n');
        // In one piece; a demo that is killed in the middle of it leaves a torn line, which the next one removes.
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_torn_line_goes() {
        let long = "x".repeat(200_000);
        for (before, after) in [
            ("", ""),
            ("torn", ""),
            ("one\n", "one\n"),
            ("one\ntwo\nto", "one\ntwo\n"),
            (&*format!("one\n{long}"), "one\n"),
            (&*format!("{long}\n{long}\n"), &*format!("{long}\n{long}\n")),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("receipts.jsonl");
            fs::write(&path, before).unwrap();
            drop(ReceiptFile::open(&path, false).unwrap());
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
        }
    }
}
