//! The clocks of plugins: coarse, so that they are of little use for measuring the host; virtual in deterministic runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// Both clocks tick in milliseconds.
const TICK: Duration = Duration::from_millis(1);
const TICK_NS: u64 = 1_000_000;

/// The machine's clocks, cut to whole milliseconds. The monotonic one counts from the start of the instance.
pub(super) struct Coarse {
    start: Instant,
}

impl Default for Coarse {
    fn default() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl HostMonotonicClock for Coarse {
    fn resolution(&self) -> u64 {
        TICK_NS
    }

    fn now(&self) -> u64 {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        elapsed.saturating_mul(TICK_NS)
    }
}

impl HostWallClock for Coarse {
    fn resolution(&self) -> Duration {
        TICK
    }

    fn now(&self) -> Duration {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A clock that starts at zero and goes on by one tick each time somebody looks.
#[derive(Default)]
pub(super) struct Virtual {
    ticks: AtomicU64,
}

impl Virtual {
    fn look(&self) -> u64 {
        self.ticks.fetch_add(1, Ordering::Relaxed)
    }
}

impl HostMonotonicClock for Virtual {
    fn resolution(&self) -> u64 {
        TICK_NS
    }

    fn now(&self) -> u64 {
        self.look().saturating_mul(TICK_NS)
    }
}

impl HostWallClock for Virtual {
    fn resolution(&self) -> Duration {
        TICK
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.look())
    }
}
