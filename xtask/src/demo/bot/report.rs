//! What came of a conversation, and what each plugin was granted and used.

use std::fmt;

use portcullis::{Host, Plugin};
use serde::Serialize;
use std::collections::BTreeMap;

use super::cast::PLUGINS;
use super::script::Exchange;
use super::watch::Watch;
use crate::terminal::one_line;

/// What happened in a demo. Sizes in bytes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BotReport {
    /// What was said; empty if it was said on the terminal.
    pub(crate) transcript: Vec<Exchange>,
    /// The plugins, in the order in which they were loaded.
    pub(crate) plugins: Vec<PluginRow>,
}

/// A plugin.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PluginRow {
    pub(crate) plugin: String,
    /// What it was granted, with the scope if there is one.
    pub(crate) granted: Vec<Granted>,
    /// Calls by extension and function.
    pub(crate) calls: BTreeMap<String, u64>,
    /// Calls that did not return.
    pub(crate) failed: u64,
    /// Host calls by capability.
    pub(crate) host_calls: BTreeMap<String, u64>,
    /// Changes that were committed.
    pub(crate) changes: usize,
    /// What was refused.
    pub(crate) denials: usize,
    pub(crate) peak_memory_bytes: u64,
}

/// A permission of a plugin.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Granted {
    pub(crate) permission: &'static str,
    /// The scopes; what the plugin does lies within each of them. Empty for none.
    pub(crate) scopes: Vec<serde_json::Value>,
}

impl BotReport {
    pub(super) fn new(transcript: Vec<Exchange>, host: &Host, watch: &Watch) -> Self {
        let loaded = PLUGINS
            .iter()
            .filter_map(|name| host.plugin(&name.parse().ok()?));
        Self {
            transcript,
            plugins: loaded.map(|plugin| row(&plugin, watch)).collect(),
        }
    }

    /// Whether all plugins were there, and none of their calls failed.
    pub(crate) fn is_well(&self) -> bool {
        self.plugins.len() == PLUGINS.len() && self.plugins.iter().all(|row| row.failed == 0)
    }
}

fn row(plugin: &Plugin, watch: &Watch) -> PluginRow {
    let id = &plugin.identity().plugin;
    let used = watch.used(id);
    let held = plugin.grant().held().iter();
    PluginRow {
        plugin: id.to_string(),
        granted: held
            .map(|held| Granted {
                permission: held.permission,
                scopes: held.scopes.iter().map(|scope| scope.to_json()).collect(),
            })
            .collect(),
        calls: used.calls,
        failed: used.failed,
        host_calls: used.host_calls,
        changes: used.changes,
        denials: used.denials,
        peak_memory_bytes: used.peak_memory_bytes,
    }
}

impl fmt::Display for BotReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for exchange in &self.transcript {
            exchange.fmt(f)?;
        }
        writeln!(
            f,
            "\nWhat each plugin was granted and used, by the receipts of its calls:"
        )?;
        self.plugins.iter().try_for_each(|row| row.fmt(f))
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            thread, user, said, ..
        } = self;
        writeln!(f, "{:<8}{user:>5}  {said}", format!("#{thread}"))?;
        let mut lines = self.replies.iter().flat_map(|reply| reply.lines());
        lines.try_for_each(|line| writeln!(f, "{:<8}{:>5}  {}", "", "bot", one_line(&line)))
    }
}

impl fmt::Display for PluginRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            plugin,
            failed,
            changes,
            denials,
            ..
        } = self;
        writeln!(f, "\n{plugin}")?;
        for granted in &self.granted {
            let scopes: Vec<_> = granted.scopes.iter().map(ToString::to_string).collect();
            let scopes = scopes.join(" and ");
            writeln!(
                f,
                "  granted  {:<16} {}",
                granted.permission,
                one_line(&scopes)
            )?;
        }
        let used = |counts: &BTreeMap<String, u64>| {
            let counts = counts.iter().map(|(name, count)| format!("{name} {count}"));
            counts.collect::<Vec<_>>().join(", ")
        };
        writeln!(f, "  called   {}", one_line(&used(&self.calls)))?;
        writeln!(f, "  asked    {}", one_line(&used(&self.host_calls)))?;
        let peak = self.peak_memory_bytes / 1024;
        writeln!(
            f,
            "  changed  {changes} keys; {failed} calls failed, {denials} denials, at most {peak} KiB of memory"
        )
    }
}
