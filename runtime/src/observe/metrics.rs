//! Counts and latencies by plugin and extension.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::engine::Observer;
use crate::manifest::PluginId;
use crate::receipt::{Outcome, Record};

/// Latencies are kept with two significant digits, up to an hour.
const SIGNIFICANT_DIGITS: u8 = 2;
const LONGEST_NS: u64 = 3_600_000_000_000;

/// The upper bounds of the duration's buckets, in nanoseconds: from a warm call to one that a generous limit ends.
pub(super) const BUCKETS_NS: [u64; 14] = [
    2_000,
    5_000,
    10_000,
    25_000,
    100_000,
    250_000,
    1_000_000,
    2_500_000,
    10_000_000,
    50_000_000,
    250_000_000,
    1_000_000_000,
    2_500_000_000,
    10_000_000_000,
];

/// An observer that counts calls, failures, denials and latencies for each plugin and extension. It keeps nothing that a plugin writes: its
/// size depends on the number of plugins and extensions alone.
#[derive(Default)]
pub struct Metrics {
    series: Mutex<BTreeMap<PluginId, BTreeMap<String, Series>>>,
}

#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) outcomes: BTreeMap<Outcome, u64>,
    pub(super) denials: u64,
    pub(super) emitted: u64,
    pub(super) lost_events: u64,
    pub(super) peak_memory_bytes: u64,
    /// Nanoseconds, summed over all calls.
    pub(super) total_ns: u64,
    /// The calls that took at most as long as the bound in the same place and longer than the one before; the last are those beyond.
    pub(super) buckets: [u64; BUCKETS_NS.len() + 1],
    /// Nanoseconds. `None` only if the histogram could not be made.
    latency: Option<Histogram<u64>>,
}

/// The numbers of one plugin, or of one of its extensions. Latencies in nanoseconds, memory in bytes.
#[derive(Clone, Debug, Serialize)]
pub struct MetricsRow {
    /// The plugin.
    pub plugin: PluginId,
    /// The extension; `None` for all of the plugin's together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// All calls.
    pub calls: u64,
    /// The calls that did not return, by outcome.
    pub failures: BTreeMap<Outcome, u64>,
    /// What was refused to the plugin.
    pub denials: u64,
    /// How many events it emitted.
    pub emitted: u64,
    /// How many of those that it wanted to emit the bus did not take.
    pub lost_events: u64,
    /// How long all calls took together.
    pub total_ns: u64,
    /// Half of the calls took at most this long.
    pub p50_ns: u64,
    /// 99 of 100 calls took at most this long.
    pub p99_ns: u64,
    /// The most memory that an instance has had.
    pub peak_memory_bytes: u64,
}

impl Metrics {
    /// The numbers so far, by plugin and extension.
    pub fn by_extension(&self) -> Vec<MetricsRow> {
        let series = self.lock();
        let rows = series.iter().flat_map(|(plugin, by_extension)| {
            let row = |(extension, series): (&String, &Series)| {
                series.row(plugin, Some(extension.clone()))
            };
            by_extension.iter().map(row)
        });
        rows.collect()
    }

    /// The numbers so far, by plugin.
    pub fn by_plugin(&self) -> Vec<MetricsRow> {
        let series = self.lock();
        let rows = series.iter().map(|(plugin, by_extension)| {
            let mut sum = Series::new();
            by_extension.values().for_each(|series| sum.join(series));
            sum.row(plugin, None)
        });
        rows.collect()
    }

    /// The numbers so far, as they were at one moment.
    pub(super) fn snapshot(&self) -> BTreeMap<PluginId, BTreeMap<String, Series>> {
        self.lock().clone()
    }

    /// Forgets everything.
    pub fn reset(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PluginId, BTreeMap<String, Series>>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Metrics {
    fn record(&self, record: &Record) {
        let mut series = self.lock();
        // Looked up by reference first: after the first call nothing is allocated.
        if !series.contains_key(&record.plugin.plugin) {
            series.insert(record.plugin.plugin.clone(), BTreeMap::new());
        }
        let Some(by_extension) = series.get_mut(&record.plugin.plugin) else {
            return;
        };
        match by_extension.get_mut(record.extension.as_ref()) {
            Some(series) => series.add(record),
            None => by_extension
                .entry(record.extension.clone().into_owned())
                .or_insert_with(Series::new)
                .add(record),
        }
    }
}

impl Series {
    fn new() -> Self {
        Self {
            outcomes: BTreeMap::new(),
            denials: 0,
            emitted: 0,
            lost_events: 0,
            peak_memory_bytes: 0,
            total_ns: 0,
            buckets: [0; BUCKETS_NS.len() + 1],
            latency: Histogram::new_with_bounds(1, LONGEST_NS, SIGNIFICANT_DIGITS).ok(),
        }
    }

    fn add(&mut self, record: &Record) {
        *self.outcomes.entry(record.outcome).or_default() += 1;
        self.denials += record.denials.len() as u64 + record.more_denials;
        self.emitted += record.emitted as u64;
        self.lost_events += record.lost_events as u64;
        self.peak_memory_bytes = self.peak_memory_bytes.max(record.peak_memory_bytes);
        let took_ns = nanoseconds(record.duration);
        self.total_ns = self.total_ns.saturating_add(took_ns);
        let bucket = BUCKETS_NS.partition_point(|bound| *bound < took_ns);
        if let Some(calls) = self.buckets.get_mut(bucket) {
            *calls += 1;
        }
        if let Some(latency) = &mut self.latency {
            latency.saturating_record(took_ns);
        }
    }

    /// Adds another series' calls to this one's.
    fn join(&mut self, other: &Self) {
        for (outcome, calls) in &other.outcomes {
            *self.outcomes.entry(*outcome).or_default() += calls;
        }
        self.denials += other.denials;
        self.emitted += other.emitted;
        self.lost_events += other.lost_events;
        self.peak_memory_bytes = self.peak_memory_bytes.max(other.peak_memory_bytes);
        self.total_ns = self.total_ns.saturating_add(other.total_ns);
        for (calls, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *calls += more;
        }
        if let (Some(latency), Some(other)) = (&mut self.latency, &other.latency) {
            // Both have the same bounds, so there is room for every value.
            let _added = latency.add(other);
        }
    }

    fn row(&self, plugin: &PluginId, extension: Option<String>) -> MetricsRow {
        let quantile = |q| {
            self.latency
                .as_ref()
                .map_or(0, |latency| latency.value_at_quantile(q))
        };
        let failures = self
            .outcomes
            .iter()
            .filter(|(outcome, _)| **outcome != Outcome::Returned);
        MetricsRow {
            plugin: plugin.clone(),
            extension,
            calls: self.outcomes.values().sum(),
            failures: failures
                .map(|(outcome, count)| (*outcome, *count))
                .collect(),
            denials: self.denials,
            emitted: self.emitted,
            lost_events: self.lost_events,
            total_ns: self.total_ns,
            p50_ns: quantile(0.5),
            p99_ns: quantile(0.99),
            peak_memory_bytes: self.peak_memory_bytes,
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    /// Proves O1, C8: quantiles are near the durations that went in, and a plugin's extensions add up, the events that they emitted too.
    #[test]
    fn quantiles_are_those_of_the_calls() {
        let record = |extension: &str, micros, outcome| -> Record {
            let record = serde_json::json!({
                "id": "1-1", "plugin": "stealth", "version": "1.0.0", "digest": format!("sha256:{}", "0".repeat(64)),
                "extension": extension, "operation": "o", "subject": {}, "outcome": outcome, "blame": null,
                "duration_ns": micros * 1_000, "peak_memory_bytes": 7, "room_calls": [], "denials": [],
                "more_denials": 0, "dropped_log_records": 0, "commit": {"state": "none"}, "attempts": 1,
                "emitted": 2, "lost_events": 1,
            });
            serde_json::from_value(record).unwrap()
        };
        let metrics = Metrics::default();
        for micros in 1..=100_u64 {
            metrics.record(&record("conditions", micros, "returned"));
        }
        metrics.record(&record("effects", 1_000, "trapped"));
        let rows = metrics.by_extension();
        let [conditions, effects] = rows.as_slice() else {
            panic!("{rows:?}");
        };
        assert!(
            (49_000..=51_000).contains(&conditions.p50_ns),
            "{}",
            conditions.p50_ns
        );
        assert_eq!(effects.failures, BTreeMap::from([(Outcome::Trapped, 1)]));
        let [plugin] = metrics.by_plugin().try_into().unwrap();
        assert_eq!((plugin.calls, plugin.extension), (101, None));
        assert_eq!((plugin.emitted, plugin.lost_events), (202, 101));
        let labels = "plugin=\"stealth\",extension=\"effects\",result=\"lost\"";
        let lost = format!("portcullis_emitted_events_total{{{labels}}} 1\n");
        assert!(metrics.prometheus().contains(&lost));
        assert_eq!(plugin.total_ns, (50 * 101 + 1_000) * 1_000);
        assert!(plugin.p99_ns >= 99_000, "{}", plugin.p99_ns);
    }
}
