//! Standard output and error of plugins: lines go to the log, within the log's budget, and what exceeds it is dropped.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::capability::log_tap::LogTap;
use crate::log_record::Source;

/// A plugin may hand over at most this much in one write. WASI says that one which hands over more than `check-write` allows is trapped.
const MAX_WRITE: usize = 64 * 1024;

/// One of the two streams. Writing never waits.
#[derive(Clone)]
pub(super) struct TapStream {
    tap: Arc<LogTap>,
    source: Source,
}

impl TapStream {
    pub(super) fn new(tap: Arc<LogTap>, source: Source) -> Self {
        Self { tap, source }
    }
}

impl IsTerminal for TapStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for TapStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for TapStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > MAX_WRITE {
            return Err(StreamError::trap(
                "a write of more than `check-write` allows",
            ));
        }
        self.tap.write(self.source, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_WRITE)
    }
}

#[async_trait::async_trait]
impl Pollable for TapStream {
    async fn ready(&mut self) {}
}

impl AsyncWrite for TapStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.tap.write(self.source, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
