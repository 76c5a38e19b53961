//! The report as text.

use std::fmt;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};

use portcullis::health::PluginHealth;
use portcullis::observe::MetricsRow;

use super::report::{ConditionRow, DemoReport, WorldRow};

impl fmt::Display for DemoReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let npcs: usize = self.worlds.iter().map(|world| world.npcs).sum();
        let seconds = Duration::from_millis(self.elapsed_ms).as_secs_f64();
        writeln!(
            f,
            "{npcs} NPCs of {} worlds chose {} times in {} ticks (seed {}), with {} plugin calls, in {seconds:.1} s.\n",
            self.worlds.len(),
            self.choices,
            self.ticks,
            self.seed,
            self.calls,
        )?;
        let refused = self.refused.iter().map(|refused| {
            [
                refused.plugin.as_str(),
                "refused",
                "0",
                "-",
                "-",
                "-",
                "-",
                "-",
            ]
            .map(str::to_owned)
        });
        let header = [
            "plugin",
            "health",
            "calls",
            "p50",
            "p99",
            "denials",
            "failures",
            "memory peak",
        ];
        writeln!(
            f,
            "{}\n",
            table(
                header,
                &[2, 3, 4, 5, 7],
                self.plugins
                    .iter()
                    .map(|row| plugin(row, &self.health))
                    .chain(refused)
            )
        )?;
        for refused in &self.refused {
            writeln!(f, "{} did not run: {}\n", refused.plugin, refused.why)?;
        }
        for health in &self.health {
            if let Some(reason) = &health.reason {
                writeln!(f, "{} is {}: {reason}\n", health.plugin, health.state)?;
            }
        }
        let header = [
            "condition",
            "true",
            "false",
            "failed",
            "not asked",
            "true for",
            "false for",
        ];
        writeln!(
            f,
            "{}\n",
            table(
                header,
                &[1, 2, 3, 4, 5, 6],
                self.conditions.iter().map(condition)
            )
        )?;
        let header = ["world", "hour", "NPCs", "sessions", "uses", "digest"];
        writeln!(
            f,
            "{}\n",
            table(header, &[1, 2, 3], self.worlds.iter().map(world))
        )?;
        writeln!(
            f,
            "state     {} (run again, the demo continues there)",
            self.state.display()
        )?;
        writeln!(
            f,
            "receipts  {} (one JSON object a line)",
            self.receipts.display()
        )?;
        write!(f, "digest    {}", self.digest)
    }
}

fn plugin(row: &MetricsRow, health: &[PluginHealth]) -> [String; 8] {
    let state = health.iter().find(|health| health.plugin == row.plugin);
    let failures: Vec<_> = row
        .failures
        .iter()
        .map(|(outcome, count)| format!("{count} {outcome}"))
        .collect();
    [
        row.plugin.to_string(),
        state.map_or_else(|| "-".to_owned(), |health| health.state.to_string()),
        row.calls.to_string(),
        time(row.p50_ns),
        time(row.p99_ns),
        row.denials.to_string(),
        if failures.is_empty() {
            "-".to_owned()
        } else {
            failures.join(", ")
        },
        format!(
            "{:.1} MiB",
            row.peak_memory_bytes as f64 / (1024.0 * 1024.0)
        ),
    ]
}

/// Three digits or so, in the unit that fits.
fn time(nanoseconds: u64) -> String {
    let microseconds = nanoseconds as f64 / 1_000.0;
    match microseconds {
        ..10.0 => format!("{microseconds:.1} us"),
        ..1_000.0 => format!("{microseconds:.0} us"),
        _ => format!("{:.1} ms", microseconds / 1_000.0),
    }
}

fn condition(row: &ConditionRow) -> [String; 7] {
    [
        row.condition.clone(),
        row.held.to_string(),
        row.not_held.to_string(),
        row.failed.to_string(),
        row.not_asked.to_string(),
        format!("{} NPCs", row.true_for_npcs),
        format!("{} NPCs", row.false_for_npcs),
    ]
}

fn world(row: &WorldRow) -> [String; 6] {
    let uses = match row.enabled_plugins.as_deref() {
        None => "all plugins".to_owned(),
        Some([]) => "no plugins".to_owned(),
        Some(ids) => ids
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    };
    // Enough of a digest to tell two runs apart; the whole one is that of all worlds, and in the JSON.
    let digest: String = row.digest.to_string().chars().take(19).collect();
    [
        row.world.clone(),
        row.hour.to_string(),
        row.npcs.to_string(),
        row.sessions.to_string(),
        uses,
        digest,
    ]
}

/// A table without lines. The columns in `numbers` are set flush right.
fn table<const N: usize>(
    header: [&str; N],
    numbers: &[usize],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers.contains(&place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}
