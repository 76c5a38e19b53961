//! The soak: good and hostile plugins on the same hosts, at full load, with reloads, for as long as it is told. What the host takes is looked at each
//! second, shown as a table and drawn as an SVG, and judged at the end.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "a program: nothing outside of it reads its items"
)]

mod load;
mod plot;
mod process;
mod sample;
mod table;
mod tally;
mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use serde::Serialize;

use load::Load;
use process::Taken;
use sample::{Sample, Sampler};
use tally::Tally;
use verdict::Verdict;

/// Runs good and hostile plugins at full load, and judges what that does to the host.
#[derive(Parser)]
struct Options {
    /// For how long, in minutes.
    #[arg(long, default_value_t = 15.0)]
    minutes: f64,
    /// Where to draw what was seen.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print JSON: each second, and the verdict.
    #[arg(long)]
    json: bool,
}

/// Everything that was seen.
#[derive(Serialize)]
struct Seen {
    samples: Vec<Sample>,
    /// Where the warm-up ends, in seconds from the beginning.
    warm_up: f64,
    verdict: Verdict,
}

/// How long a thread of tokio's waits for work. Short, so that those of a compilation are gone when the threads are counted.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// How long nothing runs before threads, descriptors and children are counted: three times that.
const REST: Duration = Duration::from_secs(3);

/// Half of a run at most is warm-up, else a fifth, and no less than this: until then each misdeed had several turns, and the arenas of the allocator
/// are there.
const WARM_UP: f64 = 30.0;

fn warm_up(whole: f64) -> f64 {
    (whole / 5.0).max(WARM_UP.min(whole / 2.0))
}

fn main() -> ExitCode {
    let options = Options::parse();
    match start(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn start(options: &Options) -> Result<bool, Box<dyn std::error::Error>> {
    if !(options.minutes > 0.0 && options.minutes <= 10_000.0) {
        return Err("--minutes: more than 0, and 10,000 at most".into());
    }
    let tally = Tally::watching_panics();
    // Two workers, as many as the smallest machine that this is meant for has.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_keep_alive(KEEP_ALIVE)
        .enable_all()
        .build()?;
    let seen = runtime.block_on(soak(options.minutes * 60.0, &tally))?;
    if let Some(path) = &options.svg {
        let drawn = plot::svg(&seen.samples, seen.warm_up);
        std::fs::write(path, drawn).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if options.json {
        println!("{}", serde_json::to_string(&seen)?);
    } else {
        println!("{}", table::of(&seen.samples));
        println!("{}", seen.verdict);
        for surprise in tally.surprises() {
            println!("  {surprise}");
        }
    }
    Ok(seen.verdict.holds())
}

async fn soak(whole: f64, tally: &Arc<Tally>) -> std::io::Result<Seen> {
    let warm_up = warm_up(whole);
    eprintln!("getting everything ready");
    let load = Load::start(Arc::clone(tally)).await;
    let sampler = Sampler::start(load.eyes())?;
    eprintln!("warming up for {warm_up:.0} s");
    tokio::time::sleep(Duration::from_secs_f64(warm_up)).await;
    let (first, warm_until) = {
        let _rest = load.rest(&sampler).await;
        (Taken::now(), sampler.seconds())
    };
    eprintln!("measuring for {:.0} s", whole - warm_up);
    tokio::time::sleep(Duration::from_secs_f64(whole - warm_up)).await;
    let _rest = load.rest(&sampler).await;
    let last = Taken::now();
    load.stop();
    let (lost, samples) = (load.lost(), sampler.stop());
    let measured: Vec<_> = samples
        .iter()
        .filter(|sample| sample.seconds > warm_until)
        .cloned()
        .collect();
    let verdict = Verdict::of(&measured, first, last, lost, tally);
    Ok(Seen {
        samples,
        warm_up: warm_until,
        verdict,
    })
}

#[cfg(test)]
mod tests {
    use super::warm_up;

    #[test]
    fn a_fifth_is_warm_up_half_a_minute_at_least_and_half_of_a_run_at_most() {
        assert!((warm_up(900.0) - 180.0).abs() < 1e-9);
        assert!((warm_up(90.0) - 30.0).abs() < 1e-9);
        assert!((warm_up(20.0) - 10.0).abs() < 1e-9);
    }
}
