//! Portcullis against bare wasmtime: the same component, payload, engine settings and limiter, in interleaved rounds of one run.
//! Ratios are the result; the absolute medians stand beside them.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "a program: nothing outside of it reads its items"
)]

mod bare;
mod calls;
mod chain;
mod gate;
mod kill;
mod meadow;
mod memory;
mod neighbours;
mod report;
mod tick;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use report::Report;

/// Measures what Portcullis adds to bare wasmtime.
#[derive(Parser)]
struct Options {
    /// Interleaved rounds.
    #[arg(long, default_value_t = 61)]
    rounds: usize,
    /// Where `cargo xtask build` wrote the test plugins.
    #[arg(long, default_value = "target/plugins/tests")]
    plugins: PathBuf,
    /// Measure the memory of one side only, and print bytes; for the program's own use.
    #[arg(long, hide = true)]
    memory_of: Option<String>,
    /// Measure ticks only.
    #[arg(long)]
    ticks: bool,
    /// Measure chains of hook handlers only.
    #[arg(long)]
    chains: bool,
    /// Measure calls beside plugins that never return only.
    #[arg(long)]
    neighbours: bool,
    /// Measure single calls only.
    #[arg(long)]
    calls: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(String);

impl Failure {
    pub fn of(error: impl std::fmt::Display) -> Self {
        Self(format!("{error:#}"))
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match start(&options) {
        Ok(None) => {}
        Ok(Some(report)) if options.json => println!(
            "{}",
            serde_json::to_string_pretty(&report).unwrap_or_default()
        ),
        Ok(Some(report)) => println!("{report}"),
        Err(failure) => {
            eprintln!("{failure}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn start(options: &Options) -> Result<Option<Report>, Failure> {
    let noop = read(&options.plugins, "noop")?;
    // Two workers, as many as the smallest machine that this is meant for has.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::of)?;
    if let Some(side) = &options.memory_of {
        println!("{}", runtime.block_on(memory::side(side, &noop))?);
        return Ok(None);
    }
    let census = read(&options.plugins, "census")?;
    if options.ticks {
        let ticks = runtime.block_on(tick::measure(&census, options.rounds))?;
        return Ok(Some(Report {
            ticks,
            ..Report::default()
        }));
    }
    let noop_hook = read(&options.plugins, "noop-hook")?;
    if options.chains {
        let chain = runtime.block_on(chain::measure(&noop_hook, options.rounds))?;
        return Ok(Some(Report {
            chain: Some(chain),
            ..Report::default()
        }));
    }
    if options.calls {
        return Ok(Some(Report {
            calls: runtime.block_on(calls::measure(&noop, options.rounds))?,
            ..Report::default()
        }));
    }
    let hostile = read(&options.plugins, "hostile")?;
    if options.neighbours {
        let neighbours = runtime.block_on(neighbours::measure(&noop, &hostile))?;
        return Ok(Some(Report {
            neighbours: Some(neighbours),
            ..Report::default()
        }));
    }
    let memory = memory::measure(&options.plugins)?;
    let calls = runtime.block_on(calls::measure(&noop, options.rounds))?;
    let chain = runtime.block_on(chain::measure(&noop_hook, options.rounds))?;
    let kills = runtime.block_on(kill::measure(&hostile))?;
    let neighbours = runtime.block_on(neighbours::measure(&noop, &hostile))?;
    let ticks = runtime.block_on(tick::measure(&census, options.rounds))?;
    Ok(Some(Report {
        calls,
        chain: Some(chain),
        memory: Some(memory),
        kills,
        neighbours: Some(neighbours),
        ticks,
    }))
}

fn read(plugins: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    let path = plugins.join(format!("{name}.wasm"));
    std::fs::read(&path).map_err(|error| {
        Failure(format!(
            "{}: {error}; run `cargo xtask build` first",
            path.display()
        ))
    })
}
