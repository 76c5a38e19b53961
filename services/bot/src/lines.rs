//! A channel of lines, for a terminal.

use std::io::{BufRead, Read, Write};
use std::sync::{Mutex as Lock, PoisonError};

use async_trait::async_trait;
use tokio::sync::{Mutex, mpsc};

use crate::channel::{Channel, SendError};
use crate::message::{Incoming, Outgoing};

/// The longest line, in bytes. A longer one is read to its end and is then too long a message.
const MAX_LINE: u64 = 64 * 1024;

/// How many lines are read ahead.
const AHEAD: usize = 16;

/// A channel of lines: `text`, or `#thread text`, `@user text`, `#thread @user text`. Without them the thread is `main` and the user `you`. What the bot writes comes
/// as lines too, with `[thread]` before those of other threads than `main`.
pub struct LineChannel {
    lines: Mutex<mpsc::Receiver<String>>,
    output: Lock<Box<dyn Write + Send>>,
}

const CHANNEL: &str = "terminal";
const THREAD: &str = "main";
const USER: &str = "you";

impl LineChannel {
    /// A channel that reads lines on a thread of its own until they end, and writes lines.
    pub fn new(input: impl BufRead + Send + 'static, output: impl Write + Send + 'static) -> Self {
        let (sender, lines) = mpsc::channel(AHEAD);
        // It ends with the input, or with the first line that nobody wants.
        std::thread::spawn(move || read(input, &sender));
        Self {
            lines: Mutex::new(lines),
            output: Lock::new(Box::new(output)),
        }
    }
}

fn read(mut input: impl BufRead, sender: &mpsc::Sender<String>) {
    loop {
        let mut line = Vec::new();
        match input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if line.last() != Some(&b'\n')
            && line.len() as u64 == MAX_LINE
            && skip_line(&mut input).is_err()
        {
            return;
        }
        let line = String::from_utf8_lossy(&line)
            .trim_end_matches(['\n', '\r'])
            .to_owned();
        if sender.blocking_send(line).is_err() {
            return;
        }
    }
}

/// Reads to the end of a line, and keeps nothing of it.
fn skip_line(input: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let (used, is_done) = match end {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(used);
        if is_done {
            return Ok(());
        }
    }
}

/// A line as a message.
fn message(line: &str) -> Incoming {
    let (thread, line) = marked(line, '#').unwrap_or((THREAD, line));
    let (user, text) = marked(line, '@').unwrap_or((USER, line));
    Incoming::new(CHANNEL, thread, user, text)
}

/// The word with this mark that a line begins with, and the rest.
fn marked(line: &str, mark: char) -> Option<(&str, &str)> {
    let line = line.trim_start().strip_prefix(mark)?;
    let (word, rest) = line.split_once(char::is_whitespace)?;
    (!word.is_empty()).then_some((word, rest))
}

#[async_trait]
impl Channel for LineChannel {
    async fn receive(&self) -> Option<Incoming> {
        let line = self.lines.lock().await.recv().await?;
        Some(message(&line))
    }

    async fn send(&self, message: Outgoing) -> Result<(), SendError> {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = match &*message.thread {
            THREAD => String::new(),
            thread => format!("[{thread}] "),
        };
        let mut lines = message.text.lines();
        lines
            .try_for_each(|line| writeln!(output, "{mark}{line}"))
            .and_then(|()| output.flush())
            .map_err(|error| SendError(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn lines_are_messages() {
        for (line, thread, user, text) in [
            ("!echo hi", "main", "you", "!echo hi"),
            ("#t1 !echo hi", "t1", "you", "!echo hi"),
            ("@ada hello", "main", "ada", "hello"),
            ("#t1 @ada  hello", "t1", "ada", " hello"),
            ("# no thread", "main", "you", "# no thread"),
            ("#alone", "main", "you", "#alone"),
        ] {
            assert_eq!(
                message(line),
                Incoming::new("terminal", thread, user, text),
                "{line}"
            );
        }
    }

    /// Proves E10: a line without end costs no more memory than a long message, and the next one is read.
    #[tokio::test]
    async fn long_lines_are_cut() {
        let input = format!("{}\r\nnext\nbroken \u{fffd}", "x".repeat(200_000));
        let channel = LineChannel::new(Cursor::new(input.into_bytes()), std::io::sink());
        let mut lines = Vec::new();
        while let Some(message) = channel.receive().await {
            lines.push(message.text);
        }
        let lengths: Vec<_> = lines.iter().map(String::len).collect();
        assert_eq!(lengths, [65_536, 4, 10]);
    }
}
