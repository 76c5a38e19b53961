//! Code of the embedder's own, which may panic.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// Waits for it; `None` if it panicked. The panic's text went to stderr, as panics' texts do.
pub(crate) async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(future).catch_unwind().await.ok()
}
