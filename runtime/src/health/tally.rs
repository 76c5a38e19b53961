//! Counts of a plugin's calls in a window of time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A window is counted in this many slots, and moves on by one of them at a time.
const SLOTS: usize = 10;

/// The calls of a plugin in the last window. Counting waits for nobody, but where a slot begins anew.
#[derive(Debug)]
pub(crate) struct Tally {
    slot_ms: u64,
    slots: [Slot; SLOTS],
    turning: Mutex<()>,
}

#[derive(Debug, Default)]
struct Slot {
    /// Which of all slots of time this is, and one more; 0 for one that was never counted in.
    number: AtomicU64,
    calls: AtomicU64,
    errors: AtomicU64,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) calls: u64,
    pub(crate) errors: u64,
}

impl Tally {
    /// A tally of the last `window_ms` milliseconds.
    pub(crate) fn new(window_ms: u64) -> Self {
        Self {
            slot_ms: (window_ms / SLOTS as u64).max(1),
            slots: Default::default(),
            turning: Mutex::new(()),
        }
    }

    /// Counts a call that ended now, in milliseconds since any moment that stays the same.
    pub(crate) fn count(&self, now_ms: u64, is_error: bool) {
        let number = self.number(now_ms);
        let Some(slot) = self.slots.get((number % SLOTS as u64) as usize) else {
            return;
        };
        if slot.number.load(Ordering::Acquire) != number {
            self.turn(slot, number);
        }
        slot.calls.fetch_add(1, Ordering::Relaxed);
        if is_error {
            slot.errors.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was counted in the window that ends now.
    pub(crate) fn counts(&self, now_ms: u64) -> Counts {
        let last = self.number(now_ms);
        let mut counts = Counts::default();
        for slot in &self.slots {
            let number = slot.number.load(Ordering::Acquire);
            if number != 0 && number + SLOTS as u64 > last {
                counts.calls += slot.calls.load(Ordering::Relaxed);
                counts.errors += slot.errors.load(Ordering::Relaxed);
            }
        }
        // Read one after the other while calls end: never more errors than calls.
        counts.errors = counts.errors.min(counts.calls);
        counts
    }

    fn number(&self, now_ms: u64) -> u64 {
        now_ms / self.slot_ms + 1
    }

    /// Begins a slot anew. A call that ends at this very moment may be counted in the slot before, or not at all.
    #[cold]
    fn turn(&self, slot: &Slot, number: u64) {
        let _turning = self.turning.lock().unwrap_or_else(PoisonError::into_inner);
        // One that ended a little earlier and comes a little later must not turn time back.
        if slot.number.load(Ordering::Acquire) < number {
            slot.calls.store(0, Ordering::Relaxed);
            slot.errors.store(0, Ordering::Relaxed);
            slot.number.store(number, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(calls: u64, errors: u64) -> Counts {
        Counts { calls, errors }
    }

    /// Proves O2: a window moves on, and what lies before it no longer counts.
    #[test]
    fn old_calls_leave_the_window() {
        let tally = Tally::new(1_000);
        assert_eq!(tally.counts(0), counts(0, 0));
        tally.count(0, true);
        tally.count(50, false);
        tally.count(150, false);
        assert_eq!(tally.counts(150), counts(3, 1));
        assert_eq!(tally.counts(999), counts(3, 1));
        assert_eq!(tally.counts(1_000), counts(1, 0));
        assert_eq!(tally.counts(1_100), counts(0, 0));
        // The slot of the first call, a window later.
        tally.count(1_010, true);
        assert_eq!(tally.counts(1_010), counts(2, 1));
        assert_eq!(tally.counts(1_000_000), counts(0, 0));
    }

    /// Proves O2: no call is lost while many end at once.
    #[test]
    fn counting_at_once_loses_nothing() {
        let tally = Tally::new(1_000_000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1_000).for_each(|call| tally.count(1, call % 4 == 0)));
            }
        });
        assert_eq!(tally.counts(1), counts(4_000, 1_000));
    }
}
