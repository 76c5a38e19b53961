//! What is counted while the load runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use portcullis::{Observer, Outcome, Record};

/// Surprises that are kept to be shown; all are counted.
const SHOWN: usize = 20;

/// Counts of all hosts together. Also the observer of each.
pub struct Tally {
    /// Calls that were begun by id. Those of misdeeds are counted by their homes.
    pub begun: AtomicU64,
    /// Receipts of calls, seen by the observer.
    pub receipts: AtomicU64,
    /// Calls that a limit ended, seen by the observer.
    pub kills: AtomicU64,
    /// Calls of good plugins that returned.
    pub benign: AtomicU64,
    /// Misdeeds that were committed, being refused at load among them.
    pub hostile: AtomicU64,
    /// Plugins that were replaced.
    pub reloads: AtomicU64,
    /// Panics of the host.
    pub panics: AtomicU64,
    surprised: AtomicU64,
    surprises: Mutex<Vec<String>>,
    /// How long calls of good plugins took since the last sample, in nanoseconds, by their callers' clock.
    latencies: Mutex<Histogram<u64>>,
}

/// Longer ones count as this long.
const LONGEST_NS: u64 = 60_000_000_000;

impl Tally {
    /// Zeros, and a panic hook that counts.
    pub fn watching_panics() -> Arc<Self> {
        let tally = Arc::new(Self::default());
        let (counting, before) = (Arc::clone(&tally), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |panic| {
            counting.panics.fetch_add(1, Ordering::SeqCst);
            before(panic);
        }));
        tally
    }

    /// A call of a good plugin returned after this time.
    pub fn returned(&self, after: Duration) {
        self.benign.fetch_add(1, Ordering::SeqCst);
        let nanos = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        lock(&self.latencies).saturating_record(nanos);
    }

    /// Something was not as it should be.
    pub fn surprise(&self, what: impl IntoIterator<Item = String>) {
        for what in what {
            self.surprised.fetch_add(1, Ordering::SeqCst);
            let mut surprises = lock(&self.surprises);
            if surprises.len() < SHOWN {
                surprises.push(what);
            }
        }
    }

    /// The first surprises.
    pub fn surprises(&self) -> Vec<String> {
        lock(&self.surprises).clone()
    }

    /// How many surprises there were.
    pub fn surprised(&self) -> u64 {
        self.surprised.load(Ordering::SeqCst)
    }

    /// The 50th and the 99th percentile since this was last asked, in milliseconds; `None` where no call returned.
    pub fn latencies(&self) -> Option<(f64, f64)> {
        let mut latencies = lock(&self.latencies);
        let at = |quantile| latencies.value_at_quantile(quantile) as f64 / 1e6;
        let told = (!latencies.is_empty()).then(|| (at(0.5), at(0.99)));
        latencies.reset();
        told
    }
}

impl Default for Tally {
    fn default() -> Self {
        let zero = AtomicU64::default;
        #[expect(clippy::expect_used, reason = "the bounds are constants, and in order")]
        let latencies = Histogram::new_with_bounds(1_000, LONGEST_NS, 3).expect("bounds");
        Self {
            begun: zero(),
            receipts: zero(),
            kills: zero(),
            benign: zero(),
            hostile: zero(),
            reloads: zero(),
            panics: zero(),
            surprised: zero(),
            surprises: Mutex::default(),
            latencies: Mutex::new(latencies),
        }
    }
}

impl Observer for Tally {
    fn record(&self, record: &Record) {
        // Those of `load` and the like have no caller who counts.
        if record.extension != "conditions" {
            return;
        }
        self.receipts.fetch_add(1, Ordering::SeqCst);
        let by_limit = [
            Outcome::TimedOut,
            Outcome::OutOfFuel,
            Outcome::OutOfMemory,
            Outcome::OverBudget,
        ];
        if by_limit.contains(&record.outcome) {
            self.kills.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn percentiles_begin_anew_each_time() {
        let tally = Tally::default();
        for ms in 1..=100 {
            tally.returned(Duration::from_millis(ms));
        }
        let (p50, p99) = tally.latencies().unwrap();
        assert!(
            (p50 - 50.0).abs() < 0.1 && (p99 - 99.0).abs() < 0.2,
            "{p50} {p99}"
        );
        assert_eq!(tally.latencies(), None);
    }

    #[test]
    fn surprises_are_counted_beyond_those_that_are_kept() {
        let tally = Tally::default();
        tally.surprise((0..100).map(|n| n.to_string()));
        assert_eq!((tally.surprised(), tally.surprises().len()), (100, SHOWN));
    }
}
