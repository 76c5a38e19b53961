//! A server that runs as a process of its own.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::script::Script;
use crate::server::Received;

/// A running server; it ends when this is dropped.
pub struct Process {
    process: Child,
    base_url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Process {
    /// Starts the program, which is to run [`main`](crate::main()), with this script.
    ///
    /// # Errors
    /// It does not start, or does not say where it serves.
    pub fn start(mut program: Command, script: &Script) -> io::Result<Self> {
        let mut process = program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(mut stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("the server has no stdin or stdout"));
        };
        let mut started = Self {
            process,
            base_url: String::new(),
            received: Arc::default(),
        };
        stdin.write_all(&serde_json::to_vec(script)?)?;
        // The end of the script.
        drop(stdin);
        let mut lines = BufReader::new(stdout).lines();
        started.base_url = lines
            .next()
            .unwrap_or_else(|| Err(io::Error::other("the server ended before it served")))?;
        let received = Arc::clone(&started.received);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Ok(request) = serde_json::from_str(&line) {
                    received
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(request);
                }
            }
        });
        Ok(started)
    }

    /// Where it serves: an address up to and without `/chat/completions`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Waits until it has printed this many requests, ten seconds at most, and gives all that it has.
    pub fn received(&self, count: usize) -> Vec<Received> {
        for _ in 0..1_000 {
            if self.so_far().len() >= count {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.so_far().clone()
    }

    fn so_far(&self) -> MutexGuard<'_, Vec<Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}
