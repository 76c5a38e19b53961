//! A clock that stands still until a test turns it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use portcullis::clock::{Clock, SharedClock};

/// A clock that a test turns. Clones are one clock; it begins a second after the beginning of 1970.
#[derive(Clone, Debug)]
pub struct HandClock(Arc<AtomicU64>);

impl Default for HandClock {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(1_000)))
    }
}

impl HandClock {
    /// Lets this many milliseconds pass.
    pub fn advance(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// The same clock, for a host.
    pub fn shared(&self) -> SharedClock {
        SharedClock::new(self.clone())
    }
}

impl Clock for HandClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
