//! What happened in a demo.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use portcullis::health::PluginHealth;
use portcullis::observe::MetricsRow;
use portcullis::package::Digest;
use portcullis::{EnabledPlugins, Host, PluginId};
use portcullis_state::{JobCounts, Store};
use portcullis_world::tally::{ConditionTally, EffectTally};
use portcullis_world::{Simulation, World, digest};
use serde::Serialize;

use super::{DemoError, LoadReport, Options, Watch, cast};

/// What happened in a demo. Its `Display` is the table; times in nanoseconds, sizes in bytes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DemoReport {
    /// What chance followed from.
    pub(crate) seed: u64,
    /// The hours that passed.
    pub(crate) ticks: u64,
    /// How often an NPC chose what to do.
    pub(crate) choices: u64,
    /// All calls of plugins.
    pub(crate) calls: u64,
    /// From the first plugin read to the last receipt written.
    pub(crate) elapsed_ms: u64,
    /// The worlds, by id.
    pub(crate) worlds: Vec<WorldRow>,
    /// The plugins that ran, by id.
    pub(crate) plugins: Vec<MetricsRow>,
    /// The same by plugin and extension.
    pub(crate) extensions: Vec<MetricsRow>,
    /// The plugins that were refused before anything of them ran, and why.
    pub(crate) refused: Vec<Refused>,
    /// How the loaded plugins are now, by id: the crash-loop guard disables those that fail again and again.
    pub(crate) health: Vec<PluginHealth>,
    /// The text generation jobs of all runs, by state.
    pub(crate) jobs: JobCounts,
    /// What came of the conditions, by name.
    pub(crate) conditions: Vec<ConditionRow>,
    /// What came of the effects, by name.
    pub(crate) effects: BTreeMap<String, EffectTally>,
    /// Where the worlds last.
    pub(crate) state: PathBuf,
    /// Where the receipts are.
    pub(crate) receipts: PathBuf,
    /// The digest of all worlds at the end.
    pub(crate) digest: Digest,
}

/// What a report is made of.
pub(super) struct Parts<'a> {
    pub(super) options: &'a Options,
    pub(super) store: &'a Store,
    pub(super) host: &'a Host,
    pub(super) simulation: &'a Simulation,
    pub(super) watch: &'a Watch,
    pub(super) loaded: LoadReport,
    /// How many receipts were written.
    pub(super) receipts: u64,
    pub(super) elapsed: Duration,
}

/// A world at the end.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WorldRow {
    pub(crate) world: String,
    /// Hours since it began.
    pub(crate) hour: u64,
    pub(crate) npcs: usize,
    pub(crate) sessions: usize,
    /// The plugins that it uses; absent for all.
    pub(crate) enabled_plugins: Option<Vec<PluginId>>,
    pub(crate) digest: Digest,
}

/// A refused plugin.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Refused {
    pub(crate) plugin: String,
    pub(crate) why: String,
}

/// What came of a condition. A failed one counts as false, and so does one that was not asked.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ConditionRow {
    pub(crate) condition: String,
    #[serde(rename = "true")]
    pub(crate) held: u64,
    #[serde(rename = "false")]
    pub(crate) not_held: u64,
    pub(crate) failed: u64,
    pub(crate) not_asked: u64,
    /// How many NPCs it ever held for.
    pub(crate) true_for_npcs: usize,
    /// How many NPCs it ever answered no for.
    pub(crate) false_for_npcs: usize,
}

impl DemoReport {
    pub(super) fn new(parts: Parts<'_>) -> Result<Self, DemoError> {
        let Parts {
            options,
            store,
            host,
            simulation,
            watch,
            loaded,
            receipts: calls,
            elapsed,
        } = parts;
        let worlds: Vec<World> = store
            .ids()
            .iter()
            .filter_map(|id| store.snapshot(id))
            .collect();
        let extensions = watch.metrics.by_extension();
        let tally = simulation.tally();
        Ok(Self {
            seed: options.seed,
            ticks: simulation.ticks(),
            choices: tally.choices,
            calls,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            worlds: worlds.iter().map(world_row).collect::<Result<_, _>>()?,
            plugins: watch.metrics.by_plugin(),
            extensions,
            refused: loaded
                .refused
                .into_iter()
                .map(|(plugin, why)| Refused {
                    plugin,
                    why: why.to_string(),
                })
                .collect(),
            health: host.health(),
            jobs: store.job_counts(),
            conditions: tally
                .conditions
                .iter()
                .map(|(name, tally)| condition_row(name, tally))
                .collect(),
            effects: tally
                .effects
                .iter()
                .map(|(name, tally)| (name.to_string(), *tally))
                .collect(),
            state: options.state.clone(),
            receipts: options.receipts.clone(),
            digest: digest::of_worlds(&worlds)?,
        })
    }

    /// Whether every example plugin that was to take part did, and all of its calls returned.
    pub(crate) fn is_well(&self) -> bool {
        let example = |plugin: &str| cast::EXAMPLES.contains(&plugin);
        let refused = self.refused.iter().any(|refused| example(&refused.plugin));
        let failed = self
            .plugins
            .iter()
            .any(|row| example(row.plugin.as_str()) && !row.failures.is_empty());
        !refused && !failed
    }
}

fn world_row(world: &World) -> Result<WorldRow, DemoError> {
    Ok(WorldRow {
        digest: digest::of_worlds([world])?,
        hour: world.document.meta.hour,
        npcs: world.npcs.len(),
        sessions: world.sessions.len(),
        enabled_plugins: match &*world.enabled {
            EnabledPlugins::All => None,
            EnabledPlugins::Only(ids) => Some(ids.iter().cloned().collect()),
        },
        world: world.id.to_string(),
    })
}

fn condition_row(name: &str, tally: &ConditionTally) -> ConditionRow {
    ConditionRow {
        condition: name.to_owned(),
        held: tally.held,
        not_held: tally.not_held,
        failed: tally.failed,
        not_asked: tally.not_asked,
        true_for_npcs: tally.held_for.len(),
        false_for_npcs: tally.not_held_for.len(),
    }
}
