//! The calls in flight of a plugin.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// Counts calls in flight; closed, it lets none take off.
#[derive(Default)]
pub(super) struct Flights {
    /// The number in flight; the highest bit is set once closed.
    state: AtomicU64,
    landed: Notify,
}

const CLOSED: u64 = 1 << 63;

impl Flights {
    pub(super) fn take_off(&self) -> bool {
        let before = self.state.fetch_add(1, Ordering::AcqRel);
        if before & CLOSED != 0 {
            self.land();
            return false;
        }
        true
    }

    /// Takes off whether closed or not.
    pub(super) fn take_off_closed(&self) {
        self.state.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn land(&self) {
        if self.state.fetch_sub(1, Ordering::AcqRel) == CLOSED | 1 {
            self.landed.notify_waiters();
        }
    }

    pub(super) fn close(&self) {
        self.state.fetch_or(CLOSED, Ordering::AcqRel);
    }

    /// Closes it if nothing is in flight; tells whether it did.
    pub(super) fn close_if_empty(&self) -> bool {
        self.state
            .compare_exchange(0, CLOSED, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state.load(Ordering::Acquire) & !CLOSED == 0
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.load(Ordering::Acquire) & CLOSED != 0
    }

    pub(super) async fn drain(&self) {
        self.close();
        loop {
            let landed = self.landed.notified();
            if self.state.load(Ordering::Acquire) == CLOSED {
                return;
            }
            landed.await;
        }
    }
}
