//! Whether a call that waits does so for a port of the host, or for something of the plugin's own, such as a clock.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

thread_local! {
    /// Whether a port was asked since the poll began, and has not answered. A call is polled from end to end on one thread.
    static WAITS: Cell<bool> = const { Cell::new(false) };
}

/// Says that a call is polled from here on.
pub(crate) fn begin_poll() {
    WAITS.set(false);
}

/// Whether the call that was polled last on this thread waits for a port.
pub(crate) fn is_waited_for() -> bool {
    WAITS.get()
}

/// Notes what came of polling a port's answer.
pub(super) fn noted<T>(polled: Poll<T>) -> Poll<T> {
    WAITS.set(polled.is_pending());
    polled
}

/// Waits for something of the host's that is no port, and notes it as for one.
pub(super) async fn noting<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    poll_fn(|context| noted(future.as_mut().poll(context))).await
}
