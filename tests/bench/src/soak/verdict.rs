//! Whether the lines are flat.

use std::fmt;
use std::sync::atomic::Ordering;

use serde::Serialize;

use crate::process::Taken;
use crate::sample::Sample;
use crate::tally::Tally;

/// What the memory may grow by after the warm-up.
const MOST_MIB_A_MINUTE: f64 = 1.0;

/// A shorter run tells nothing of the memory's slope: a page cache or an arena of a few MiB would look steep.
const LEAST_SECONDS: f64 = 120.0;

/// Of so many samples the lowest is looked at: what runs at the moment of a sample holds up to 64 MiB a call, and gives it back.
const TROUGH: usize = 10;

/// What was found, point by point.
#[derive(Serialize)]
pub struct Verdict(Vec<Finding>);

#[derive(Serialize)]
struct Finding {
    what: &'static str,
    found: String,
    bound: String,
    /// `None` where the run was too short to tell.
    holds: Option<bool>,
}

impl Finding {
    /// One that is to be zero.
    fn none(what: &'static str, found: impl Into<i128>) -> Self {
        let found = found.into();
        Self {
            what,
            found: found.to_string(),
            bound: "0".to_owned(),
            holds: Some(found == 0),
        }
    }

    /// One that is to be at the end what it was after the warm-up.
    fn same(what: &'static str, first: u64, last: u64) -> Self {
        Self {
            what,
            found: format!("{first} after the warm-up, {last} at the end"),
            bound: "equal".to_owned(),
            holds: Some(first == last),
        }
    }

    /// As many more as there are slots, each of which may keep one of a plugin that was replaced. If each reload left one, there were soon more.
    fn images(first: u64, last: u64) -> Self {
        let more = u64::from(portcullis::engine::SLOTS);
        Self {
            what: "memory images",
            found: format!("{first} after the warm-up, {last} at the end"),
            bound: format!("{more} more at most"),
            holds: Some(last <= first + more),
        }
    }

    fn memory(samples: &[Sample]) -> Self {
        let points: Vec<_> = samples.chunks(TROUGH).filter_map(trough).collect();
        let ends = samples.first().zip(samples.last());
        let long = ends.is_some_and(|(first, last)| last.seconds - first.seconds >= LEAST_SECONDS);
        let slope = slope(&points);
        let found = slope.map_or_else(
            || "too few samples".to_owned(),
            |slope| format!("{slope:+.2} MiB a minute"),
        );
        Self {
            what: "memory",
            found,
            bound: format!("less than {MOST_MIB_A_MINUTE:+.2}"),
            holds: slope
                .filter(|_| long)
                .map(|slope| slope < MOST_MIB_A_MINUTE),
        }
    }
}

impl Verdict {
    /// On the samples after the warm-up, what was taken at rest before and after them, and the calls that left no receipt.
    pub fn of(measured: &[Sample], first: Taken, last: Taken, lost: i128, tally: &Tally) -> Self {
        let total = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::SeqCst);
        let mut findings = vec![
            Finding::memory(measured),
            Finding::same("descriptors", first.descriptors, last.descriptors),
            Finding::images(first.images, last.images),
            Finding::same("threads", first.threads, last.threads),
            Finding::same("children", first.children, last.children),
            Finding::none("receipts lost", lost),
            Finding::none("panics of the host", total(&tally.panics)),
            Finding::none("surprises", tally.surprised()),
        ];
        for (what, count) in [
            ("good calls that returned", &tally.benign),
            ("misdeeds", &tally.hostile),
            ("calls ended by a limit", &tally.kills),
            ("plugins replaced", &tally.reloads),
        ] {
            let found = total(count);
            findings.push(Finding {
                what,
                found: found.to_string(),
                bound: "some".to_owned(),
                holds: Some(found > 0),
            });
        }
        Self(findings)
    }

    /// Whether nothing speaks against it.
    pub fn holds(&self) -> bool {
        self.0.iter().all(|finding| finding.holds != Some(false))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.0 {
            let sign = match finding.holds {
                Some(true) => "ok",
                Some(false) => "BAD",
                None => "not judged, the run is too short",
            };
            let Finding {
                what, found, bound, ..
            } = finding;
            writeln!(f, "{what}: {found} ({bound}): {sign}")?;
        }
        f.write_str(match self.holds() {
            true => "flat",
            false => "NOT FLAT",
        })
    }
}

/// The minute and the MiB of the sample that has the least memory.
fn trough(samples: &[Sample]) -> Option<(f64, f64)> {
    let lowest = samples.iter().min_by_key(|one| one.taken.resident_kib)?;
    let mib = lowest.taken.resident_kib as f64 / 1024.0;
    Some((lowest.seconds / 60.0, mib))
}

/// The slope of the line with the least squares through these points; `None` where there is no such line.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |part: fn(&(f64, f64)) -> f64| points.iter().map(part).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let together: f64 = points
        .iter()
        .map(|point| (point.0 - x) * (point.1 - y))
        .sum();
    (spread > 0.0).then(|| together / spread)
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A run of so many seconds, whose memory grows by so many KiB in each.
    pub fn run(seconds: u32, kib_a_second: u64) -> Vec<Sample> {
        let sample = |second: u32| Sample {
            seconds: f64::from(second),
            benign: 20_000.0 + f64::from(second % 7) * 500.0,
            hostile: 300.0,
            kills: 120.0,
            p50_ms: Some(0.05),
            p99_ms: (second % 10 != 3).then_some(1.5),
            taken: taken(300 * 1024 + u64::from(second) * kib_a_second),
            reloads: u64::from(second),
            lost: 0,
            panics: 0,
            surprises: 0,
        };
        (1..=seconds).map(sample).collect()
    }

    fn taken(resident_kib: u64) -> Taken {
        Taken {
            resident_kib,
            descriptors: 12,
            images: 100,
            threads: 9,
            children: 0,
        }
    }

    /// After some calls of each kind.
    fn busy() -> Tally {
        let tally = Tally::default();
        for counter in [&tally.benign, &tally.hostile, &tally.kills, &tally.reloads] {
            counter.store(5, Ordering::SeqCst);
        }
        tally
    }

    fn holds(samples: &[Sample], last: Taken, lost: i128, tally: &Tally) -> bool {
        Verdict::of(samples, taken(1), last, lost, tally).holds()
    }

    #[test]
    fn the_slope_is_that_of_the_line_beneath_the_noise() {
        let line = |x: f64| (x, 3.0 * x + 7.0 + if x % 2.0 < 1.0 { 0.5 } else { -0.5 });
        let points: Vec<_> = (0..1_000).map(|x| line(f64::from(x))).collect();
        assert!((slope(&points).unwrap() - 3.0).abs() < 1e-4);
        assert_eq!(slope(&[]), None);
        assert_eq!(slope(&[(1.0, 2.0)]), None);
        assert_eq!(slope(&[(1.0, 2.0), (1.0, 3.0)]), None);
    }

    #[test]
    fn memory_that_grows_is_not_flat() {
        // 16 KiB a second are less than a MiB a minute, 20 are more.
        assert!(holds(&run(300, 16), taken(1), 0, &busy()));
        assert!(!holds(&run(300, 20), taken(1), 0, &busy()));
    }

    #[test]
    fn what_is_taken_for_a_moment_is_no_growth() {
        // More and more samples meet a call that holds 64 MiB, up to nine in ten.
        let mut samples = run(1_000, 0);
        for (second, sample) in samples.iter_mut().enumerate() {
            let is_held = second % 10 != 0 && second % 10 < second / 100;
            sample.taken.resident_kib += if is_held { 64 * 1024 } else { 0 };
        }
        assert!(holds(&samples, taken(1), 0, &busy()));
    }

    #[test]
    fn a_short_run_is_not_judged_by_its_memory() {
        let verdict = Verdict::of(&run(60, 20), taken(1), taken(1), 0, &busy());
        assert!(verdict.holds());
        assert!(verdict.to_string().contains("not judged"), "{verdict}");
    }

    #[test]
    fn each_point_alone_speaks_against_it() {
        let samples = run(300, 0);
        assert!(holds(&samples, taken(1), 0, &busy()));
        for change in [
            |taken: &mut Taken| taken.descriptors += 1,
            |taken: &mut Taken| taken.images += 129,
            |taken: &mut Taken| taken.threads += 1,
            |taken: &mut Taken| taken.children += 1,
        ] {
            let mut last = taken(1);
            change(&mut last);
            assert!(!holds(&samples, last, 0, &busy()), "{last:?}");
        }
        assert!(!holds(&samples, taken(1), 1, &busy()));
        assert!(!holds(&samples, taken(1), -1, &busy()));
        assert!(!holds(&samples, taken(1), 0, &Tally::default()));
        let surprised = busy();
        surprised.surprise(["a surprise".to_owned()]);
        assert!(!holds(&samples, taken(1), 0, &surprised));
        let panicked = busy();
        panicked.panics.store(1, Ordering::SeqCst);
        assert!(!holds(&samples, taken(1), 0, &panicked));
    }
}
