//! The numbers, and how they are shown.

use std::fmt;

use comfy_table::Table;
use serde::Serialize;

/// Everything that was measured.
#[derive(Default, Serialize)]
pub struct Report {
    pub calls: Vec<Comparison>,
    pub chain: Option<Chain>,
    pub memory: Option<Memory>,
    pub kills: Vec<Kill>,
    pub neighbours: Option<Neighbours>,
    pub ticks: Vec<Tick>,
}

/// The calls of a good plugin alone and beside ten that never return, in microseconds.
#[derive(Serialize)]
pub struct Neighbours {
    alone_p50_us: f64,
    alone_p99_us: f64,
    beside_p50_us: f64,
    beside_p99_us: f64,
    /// Of the 99th percentiles.
    ratio: f64,
    bound: f64,
}

impl Neighbours {
    pub fn of(mut alone: Vec<f64>, mut beside: Vec<f64>) -> Self {
        alone.sort_by(f64::total_cmp);
        beside.sort_by(f64::total_cmp);
        let at = |sorted: &[f64], percent: usize| {
            let place = sorted.len() * percent / 100;
            sorted.get(place).copied().unwrap_or(f64::NAN)
        };
        let (alone_p99_us, beside_p99_us) = (at(&alone, 99), at(&beside, 99));
        Self {
            alone_p50_us: at(&alone, 50),
            alone_p99_us,
            beside_p50_us: at(&beside, 50),
            beside_p99_us,
            ratio: beside_p99_us / alone_p99_us,
            bound: 2.0,
        }
    }
}

/// One tick of a world: medians over the rounds.
#[derive(Serialize)]
pub struct Tick {
    name: &'static str,
    tick_us: f64,
    /// The median of the rounds' own ratios to native conditions.
    ratio: f64,
    /// What is more than with native conditions, for each condition that was asked.
    added_ns_a_condition: f64,
}

impl Tick {
    pub fn of(name: &'static str, ticks_ns: &[f64], native_ns: &[f64], conditions: f64) -> Self {
        let pairs = || ticks_ns.iter().zip(native_ns);
        Self {
            name,
            tick_us: median(ticks_ns.iter().copied()) / 1_000.0,
            ratio: median(pairs().map(|(ours, native)| ours / native)),
            added_ns_a_condition: median(pairs().map(|(ours, native)| ours - native)) / conditions,
        }
    }
}

/// One operation on both sides: medians over the rounds, in nanoseconds.
#[derive(Serialize)]
pub struct Comparison {
    name: &'static str,
    bare_ns: f64,
    portcullis_ns: f64,
    /// The median of the rounds' own ratios.
    ratio: f64,
    added_ns: f64,
    /// What may be added.
    bound_ns: Option<f64>,
}

impl Comparison {
    pub fn of(name: &'static str, bare: &[f64], portcullis: &[f64], bound_ns: Option<f64>) -> Self {
        let pairs = || bare.iter().zip(portcullis);
        Self {
            name,
            bare_ns: median(bare.iter().copied()),
            portcullis_ns: median(portcullis.iter().copied()),
            ratio: median(pairs().map(|(bare, ours)| ours / bare)),
            added_ns: median(pairs().map(|(bare, ours)| ours - bare)),
            bound_ns,
        }
    }
}

/// A chain of hook handlers against as many bare calls: medians over the rounds, in nanoseconds.
#[derive(Serialize)]
pub struct Chain {
    handlers: f64,
    bare_ns: f64,
    portcullis_ns: f64,
    /// The median of the rounds' own ratios.
    ratio: f64,
    added_ns_a_handler: f64,
    /// What may be added for each handler.
    bound_ns: f64,
}

impl Chain {
    pub fn of(bare: &[f64], portcullis: &[f64], handlers: f64, bound_ns: f64) -> Self {
        let pairs = || bare.iter().zip(portcullis);
        Self {
            handlers,
            bare_ns: median(bare.iter().copied()),
            portcullis_ns: median(portcullis.iter().copied()),
            ratio: median(pairs().map(|(bare, ours)| ours / bare)),
            added_ns_a_handler: median(pairs().map(|(bare, ours)| ours - bare)) / handlers,
            bound_ns,
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a chain of {} hook handlers that do nothing: bare {:.0} ns, portcullis {:.0} ns, ratio {:.2}, {:+.0} ns a handler (bound {:.0} ns)",
            self.handlers,
            self.bare_ns,
            self.portcullis_ns,
            self.ratio,
            self.added_ns_a_handler,
            self.bound_ns
        )
    }
}

/// Resident memory for each live instance.
#[derive(Serialize)]
pub struct Memory {
    pub bare_bytes: f64,
    pub portcullis_bytes: f64,
}

/// How late plugins are ended that never return, in milliseconds past the deadline.
#[derive(Serialize)]
pub struct Kill {
    name: &'static str,
    earliest_ms: f64,
    p50_ms: f64,
    latest_ms: f64,
    bound_ms: f64,
}

impl Kill {
    /// From sorted lateness.
    pub fn of(name: &'static str, late: Vec<f64>, bound_ms: f64) -> Self {
        Self {
            name,
            earliest_ms: late.first().copied().unwrap_or(f64::NAN),
            p50_ms: median(late.iter().copied()),
            latest_ms: late.last().copied().unwrap_or(f64::NAN),
            bound_ms,
        }
    }
}

/// The middle one.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut calls = Table::new();
        calls.set_header(["", "bare wasmtime", "portcullis", "ratio", "added", "bound"]);
        for row in &self.calls {
            calls.add_row([
                row.name.to_owned(),
                format!("{:.0} ns", row.bare_ns),
                format!("{:.0} ns", row.portcullis_ns),
                format!("{:.2}", row.ratio),
                format!("{:.0} ns", row.added_ns),
                row.bound_ns
                    .map_or_else(String::new, |bound| format!("{bound:.0} ns")),
            ]);
        }
        if !self.calls.is_empty() {
            writeln!(f, "{calls}")?;
        }
        if let Some(chain) = &self.chain {
            writeln!(f, "{chain}")?;
        }
        if let Some(Memory {
            bare_bytes,
            portcullis_bytes,
        }) = &self.memory
        {
            let (bare, ours) = (bare_bytes / 1024.0, portcullis_bytes / 1024.0);
            writeln!(
                f,
                "a live instance: bare {bare:.1} KiB, portcullis {ours:.1} KiB, {:+.1} % (bound +15 %)",
                (ours / bare - 1.0) * 100.0
            )?;
        }
        for kill in &self.kills {
            writeln!(
                f,
                "ended past a 50 ms deadline, {}: p50 {:.2} ms (bound {:.0} ms), earliest {:.2} ms, latest {:.2} ms",
                kill.name, kill.p50_ms, kill.bound_ms, kill.earliest_ms, kill.latest_ms
            )?;
        }
        if let Some(neighbours) = &self.neighbours {
            let mut table = Table::new();
            table.set_header(["calls of a good plugin, two workers", "p50", "p99"]);
            let rows = [
                ("alone", neighbours.alone_p50_us, neighbours.alone_p99_us),
                (
                    "beside ten spinners",
                    neighbours.beside_p50_us,
                    neighbours.beside_p99_us,
                ),
            ];
            for (name, p50, p99) in rows {
                table.add_row([
                    name.to_owned(),
                    format!("{p50:.1} us"),
                    format!("{p99:.1} us"),
                ]);
            }
            let (ratio, bound) = (neighbours.ratio, neighbours.bound);
            writeln!(f, "{table}")?;
            writeln!(f, "the p99 is {ratio:.2} times as long (bound {bound:.0})")?;
        }
        if self.ticks.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "a tick of 1,000 NPCs with 5 conditions each, on stored state:"
        )?;
        for tick in &self.ticks {
            writeln!(
                f,
                "  {}: {:.0} us, {:.2} x native, {:+.0} ns a condition",
                tick.name, tick.tick_us, tick.ratio, tick.added_ns_a_condition
            )?;
        }
        Ok(())
    }
}
