//! The time in whole milliseconds, for where it is asked at each crossing: one load. The engine's ticker sets it.
//!
//! It never runs ahead: a ticker that is late, or stands still, makes it lag, and who compares a deadline with it is late and never early.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

static NOW_MS: AtomicU64 = AtomicU64::new(0);

/// When the clock was at zero: somewhat before anybody asked it.
fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

/// The milliseconds since the clock's origin that were over when it was last set.
pub(crate) fn now_ms() -> u64 {
    NOW_MS.load(Ordering::Relaxed)
}

/// Sets the clock to this moment, unless it is there already.
pub(crate) fn set(now: Instant) {
    let ms = now.saturating_duration_since(origin()).as_millis();
    NOW_MS.fetch_max(u64::try_from(ms).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// The first value of the clock that is not before this moment.
pub(crate) fn at(moment: Instant) -> u64 {
    let since = moment.saturating_duration_since(origin());
    let up = since.saturating_add(Duration::from_nanos(999_999));
    u64::try_from(up.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves X1: a deadline in the clock's unit is never reached before the deadline itself.
    #[test]
    fn a_moment_is_rounded_up_and_now_is_rounded_down() {
        let began = origin();
        for micros in [0, 1, 999, 1_000, 1_001, 1_999_999, 2_000_000] {
            let moment = began + Duration::from_micros(micros);
            assert_eq!(at(moment), micros.div_ceil(1_000), "{micros} us");
        }
        let before = Instant::now();
        set(before);
        assert!(now_ms() <= at(before));
        // Another thread that set it later on is not undone.
        let then = now_ms();
        set(began);
        assert!(now_ms() >= then);
    }
}
