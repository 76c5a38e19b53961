//! Counts and latencies by plugin and extension.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::engine::Observer;
use crate::manifest::PluginId;
use crate::receipt::{Outcome, Record};

/// Latencies are kept with two significant digits.
const SIGNIFICANT_DIGITS: u8 = 2;

/// An observer that counts calls, failures, denials and latencies for each plugin and extension.
#[derive(Default)]
pub struct Metrics {
    series: Mutex<BTreeMap<PluginId, BTreeMap<String, Series>>>,
}

struct Series {
    outcomes: BTreeMap<Outcome, u64>,
    denials: u64,
    peak_memory_bytes: u64,
    /// Nanoseconds. `None` only if the histogram could not be made.
    latency: Option<Histogram<u64>>,
}

/// The numbers of one plugin and extension. Latencies in nanoseconds, memory in bytes.
#[derive(Clone, Debug, Serialize)]
pub struct MetricsRow {
    /// The plugin.
    pub plugin: PluginId,
    /// The extension.
    pub extension: String,
    /// All calls.
    pub calls: u64,
    /// The calls that did not return, by outcome.
    pub failures: BTreeMap<Outcome, u64>,
    /// What was refused to the plugin.
    pub denials: u64,
    /// Half of the calls took at most this long.
    pub p50_ns: u64,
    /// 99 of 100 calls took at most this long.
    pub p99_ns: u64,
    /// The most memory that an instance has had.
    pub peak_memory_bytes: u64,
}

impl Metrics {
    /// The numbers so far, by plugin and extension.
    pub fn rows(&self) -> Vec<MetricsRow> {
        let series = self.lock();
        let rows = series.iter().flat_map(|(plugin, by_extension)| {
            by_extension
                .iter()
                .map(|(extension, series)| series.row(plugin, extension))
        });
        rows.collect()
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
            peak_memory_bytes: 0,
            latency: Histogram::new(SIGNIFICANT_DIGITS).ok(),
        }
    }

    fn add(&mut self, record: &Record) {
        *self.outcomes.entry(record.outcome).or_default() += 1;
        self.denials += record.denials.len() as u64 + record.more_denials;
        self.peak_memory_bytes = self.peak_memory_bytes.max(record.peak_memory_bytes);
        if let Some(latency) = &mut self.latency {
            latency.saturating_record(nanoseconds(record.duration));
        }
    }

    fn row(&self, plugin: &PluginId, extension: &str) -> MetricsRow {
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
            extension: extension.to_owned(),
            calls: self.outcomes.values().sum(),
            failures: failures
                .map(|(outcome, count)| (*outcome, *count))
                .collect(),
            denials: self.denials,
            p50_ns: quantile(0.5),
            p99_ns: quantile(0.99),
            peak_memory_bytes: self.peak_memory_bytes,
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
