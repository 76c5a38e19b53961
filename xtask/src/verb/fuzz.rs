//! `fuzz`: random bytes, made by what they reach, for as long as one likes.

mod build;
mod report;
mod target;

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::PoisonError;

use clap::Args;

use crate::error::CliError;
use crate::project::Project;
use crate::status::Status;
use crate::terminal::Terminal;

use report::Report;
use target::Target;

/// Fuzz what reads, decides and runs: libFuzzer on the targets of this repository
///
/// The first run compiles everything once more, optimised and instrumented: with nightly Rust if it is installed, else with the
/// default. It needs a C++ compiler for libFuzzer. A target begins with its seeds (fuzz/seeds) and with what it has
/// found interesting before (target/fuzz/corpus), and ends with its time or with its first finding. A finding becomes a file in
/// fuzz/regressions, which the tests replay from then on. The exit status is 3 if there is one.
#[derive(Args)]
pub(crate) struct Options {
    /// How long each target runs.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_080))]
    minutes: u64,

    /// Only this target, which is a file in fuzz/fuzz_targets. Can be given several times.
    #[arg(long = "target", value_name = "TARGET")]
    targets: Vec<String>,

    /// How many targets run at once.
    #[arg(long, value_name = "J", default_value = "1")]
    jobs: NonZeroUsize,
}

pub(super) fn run(options: &Options, terminal: Terminal) -> Result<Status, CliError> {
    let project = Project::find()?;
    let targets = target::chosen(&project, &options.targets)?;
    terminal.progress("building the targets");
    let programs = build::build(&project, &targets)?;
    let seconds = options.minutes * 60;
    let waiting = Mutex::new(targets.into_iter());
    let next = || {
        waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next()
    };
    let ran = Mutex::new(Vec::new());
    let work = || -> Result<(), CliError> {
        while let Some(Target { name }) = next() {
            terminal.progress(format_args!("fuzzing {name} for {} min", options.minutes));
            let one = target::fuzz(&project, &programs.join(&name), &name, seconds)?;
            ran.lock().unwrap_or_else(PoisonError::into_inner).push(one);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.jobs.get().min(64))
            .map(|_| scope.spawn(work))
            .collect();
        let ended = workers.into_iter().map(|worker| {
            let panicked = |_| Err(CliError::host("a worker of `fuzz` panicked"));
            worker.join().unwrap_or_else(panicked)
        });
        // All are waited for, also if one could not start its target.
        ended.fold(Ok(()), Result::and)
    })?;
    let report = Report::of(ran.into_inner().unwrap_or_else(PoisonError::into_inner));
    terminal.result(&report)?;
    Ok(match report.is_clean() {
        true => Status::Fine,
        false => Status::Host,
    })
}
