//! Metrics in the text format that Prometheus and its kin collect.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::{Registry, Unit};

use super::metrics::{BUCKETS_NS, Metrics, Series};
use crate::bus::EventStatistic;
use crate::health::{HealthState, PluginHealth};
use crate::manifest::PluginId;

/// The media type of what [`Metrics::prometheus`] gives, for the answer to whoever collects it.
pub const PROMETHEUS_CONTENT_TYPE: &str =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl Metrics {
    /// The numbers so far as text in the OpenMetrics format, which Prometheus reads: `portcullis_calls_total` by plugin, extension and
    /// outcome; the histogram `portcullis_call_duration_seconds`, `portcullis_denials_total` and `portcullis_peak_memory_bytes` by plugin
    /// and extension; `portcullis_emitted_events_total` by these and whether the bus took them, where there are any. Labels are ids and outcomes, never a name or a text of a plugin's: a plugin cannot make series.
    pub fn prometheus(&self) -> String {
        self.prometheus_with(&[])
    }

    /// Like [`Metrics::prometheus`], with the health of a host's plugins: `portcullis_plugin_health` is 1 for the state that a plugin is in
    /// and 0 for the others.
    pub fn prometheus_with(&self, health: &[PluginHealth]) -> String {
        self.prometheus_of(health, &[])
    }

    /// Like [`Metrics::prometheus_with`], with what became of the events that a host's plugins were to hear: `portcullis_events_total` by plugin
    /// and result (`handled`, `failed`, `skipped`, `dropped`). All handlers of a plugin are one: a manifest may name a thousand of them, and names are
    /// words of the plugin's; [`Host::event_statistics`](crate::host::Host::event_statistics) tells them apart. As of the last time that the plugin was
    /// enabled.
    pub fn prometheus_of(&self, health: &[PluginHealth], events: &[EventStatistic]) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Snapshot {
            series: self.snapshot(),
            health: health.to_vec(),
            events: events.to_vec(),
        }));
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _written = encode(&mut text, &registry);
        text
    }
}

/// The numbers at one moment.
#[derive(Debug)]
struct Snapshot {
    series: BTreeMap<PluginId, BTreeMap<String, Series>>,
    health: Vec<PluginHealth>,
    events: Vec<EventStatistic>,
}

type Labels<'a, const N: usize> = [(&'static str, &'a str); N];

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.calls(&mut encoder)?;
        self.durations(&mut encoder)?;
        self.denials(&mut encoder)?;
        self.emitted(&mut encoder)?;
        self.memory(&mut encoder)?;
        self.health(&mut encoder)?;
        self.events(&mut encoder)
    }
}

impl Snapshot {
    /// All series, each with its labels.
    fn rows(&self) -> impl Iterator<Item = (Labels<'_, 2>, &Series)> {
        self.series.iter().flat_map(|(plugin, by_extension)| {
            by_extension.iter().map(move |(extension, series)| {
                let labels = [
                    ("plugin", plugin.as_str()),
                    ("extension", extension.as_str()),
                ];
                (labels, series)
            })
        })
    }

    fn calls(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Calls of plugins that ended, by how they ended";
        let mut family =
            encoder.encode_descriptor("portcullis_calls", help, None, MetricType::Counter)?;
        for ([plugin, extension], series) in self.rows() {
            for (outcome, calls) in &series.outcomes {
                let labels = [plugin, extension, ("outcome", outcome.as_str())];
                counter(&mut family.encode_family(&labels)?, *calls)?;
            }
        }
        Ok(())
    }

    fn durations(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Wall time of calls from the request to the end, commit included";
        let name = "portcullis_call_duration";
        let mut family =
            encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
        for (labels, series) in self.rows() {
            // The last bucket has no bound.
            let bounds = BUCKETS_NS.iter().map(|bound| seconds(*bound));
            let bounds = bounds.chain([f64::INFINITY]);
            let buckets: Vec<_> = bounds.zip(series.buckets).collect();
            let calls = series.buckets.iter().sum();
            family.encode_family(&labels)?.encode_histogram(
                seconds(series.total_ns),
                calls,
                &buckets,
                None::<&std::collections::HashMap<usize, Exemplar<NoLabelSet, f64>>>,
            )?;
        }
        Ok(())
    }

    fn denials(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "What plugins were refused";
        let mut family =
            encoder.encode_descriptor("portcullis_denials", help, None, MetricType::Counter)?;
        for (labels, series) in self.rows() {
            counter(&mut family.encode_family(&labels)?, series.denials)?;
        }
        Ok(())
    }

    fn emitted(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Events that plugins emitted, by whether the bus took them";
        let name = "portcullis_emitted_events";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for ([plugin, extension], series) in self.rows() {
            for (result, events) in [("taken", series.emitted), ("lost", series.lost_events)] {
                // Most plugins emit nothing.
                if events > 0 {
                    let labels = [plugin, extension, ("result", result)];
                    counter(&mut family.encode_family(&labels)?, events)?;
                }
            }
        }
        Ok(())
    }

    fn memory(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "The most linear memory that an instance has had";
        let name = "portcullis_peak_memory";
        let mut family =
            encoder.encode_descriptor(name, help, Some(&Unit::Bytes), MetricType::Gauge)?;
        for (labels, series) in self.rows() {
            gauge(&mut family, &labels, series.peak_memory_bytes)?;
        }
        Ok(())
    }

    fn health(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        if self.health.is_empty() {
            return Ok(());
        }
        let help = "1 for the state that a plugin is in";
        let name = "portcullis_plugin_health";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for health in &self.health {
            for state in HealthState::ALL {
                let labels = [
                    ("plugin", health.plugin.as_str()),
                    ("state", state.as_str()),
                ];
                gauge(&mut family, &labels, u64::from(health.state == state))?;
            }
        }
        Ok(())
    }
}

/// What became of a plugin's events, in the order of [`RESULTS`].
type Results = [u64; RESULTS.len()];

const RESULTS: [&str; 4] = ["handled", "failed", "skipped", "dropped"];

impl Snapshot {
    fn events(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        if self.events.is_empty() {
            return Ok(());
        }
        let mut by_plugin = BTreeMap::<&PluginId, Results>::new();
        for one in &self.events {
            let sums = by_plugin.entry(&one.plugin).or_default();
            let numbers = [one.handled, one.failed, one.skipped, one.dropped];
            for (sum, number) in sums.iter_mut().zip(numbers) {
                *sum = sum.saturating_add(number);
            }
        }
        let help = "Events that plugins were to hear, by what became of them";
        let mut family =
            encoder.encode_descriptor("portcullis_events", help, None, MetricType::Counter)?;
        for (plugin, numbers) in by_plugin {
            for (result, number) in RESULTS.iter().zip(numbers) {
                let labels = [("plugin", plugin.as_str()), ("result", *result)];
                counter(&mut family.encode_family(&labels)?, number)?;
            }
        }
        Ok(())
    }
}

fn counter(encoder: &mut MetricEncoder<'_>, value: u64) -> fmt::Result {
    encoder.encode_counter::<NoLabelSet, u64, f64>(&value, None)
}

fn gauge(family: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, value: u64) -> fmt::Result {
    // A gauge may go below zero, so its values are signed.
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    family.encode_family(labels)?.encode_gauge(&value)
}

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}
