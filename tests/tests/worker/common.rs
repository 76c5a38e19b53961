//! Hosts with workers, and what is left of those.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use portcullis::engine::{CompileLimits, CompileWorker, PrepareError};
use portcullis::host::LoadError;
use portcullis::{Host, Package, Plugin};
use portcullis_tests::Rig;
use portcullis_tests::rig::limits;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

/// One test at a time: they count the children of the process.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::const_new(());
    let one = ONE.lock().await;
    nothing_is_left().await;
    one
}

pub(crate) fn real() -> CompileWorker {
    CompileWorker::new(env!("CARGO_BIN_EXE_worker-real")).unwrap()
}

/// The stub under a name, in a directory of its own.
pub(crate) fn stub(name: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join(name);
    std::fs::copy(env!("CARGO_BIN_EXE_worker-stub"), &program).unwrap();
    (directory, program)
}

/// A second of wall time: enough to see that it is kept.
pub(crate) fn short() -> CompileLimits {
    let mut limits = CompileLimits::default();
    limits.wall_ms = 1_000;
    limits
}

pub(crate) fn rig(worker: CompileWorker) -> Rig {
    Rig::with(limits(|_| {}), |builder| builder.compile_worker(worker))
}

/// Loads on a host with the stub of this name.
pub(crate) async fn load_with(
    name: &str,
    limits: CompileLimits,
    package: Package,
) -> Result<Plugin, LoadError> {
    let (_directory, program) = stub(name);
    let rig = rig(CompileWorker::new(program).unwrap().limits(limits));
    rig.try_load(package).await
}

#[track_caller]
pub(crate) fn refusal(loaded: Result<Plugin, LoadError>) -> PrepareError {
    match loaded {
        Err(LoadError::Prepare(error)) => error,
        Err(error) => panic!("refused otherwise: {error}"),
        Ok(_) => panic!("loaded"),
    }
}

/// Whether the host of this rig still does what it is for.
pub(crate) fn host_without_compiler() -> Host {
    Host::builder().build().unwrap()
}

/// Waits until no child, no zombie and no thread of a compilation is there.
pub(crate) async fn nothing_is_left() {
    let begin = Instant::now();
    loop {
        let left = (children(), threads());
        if left.0.is_empty() && left.1 == 0 {
            return;
        }
        let waited = begin.elapsed();
        assert!(waited < Duration::from_secs(20), "left behind: {left:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The children of this process, zombies among them.
pub(crate) fn children() -> Vec<u32> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let children = tasks.map(|task| {
        // A thread may end between the two.
        let list = std::fs::read_to_string(task.unwrap().path().join("children"));
        list.unwrap_or_default()
    });
    let all: Vec<_> = children.collect();
    let numbers = all.iter().flat_map(|list| list.split_whitespace());
    numbers.map(|number| number.parse().unwrap()).collect()
}

/// How many threads there are that talk to workers.
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")));
    names
        .filter(|name| name.as_ref().is_ok_and(|name| name.starts_with("compile-")))
        .count()
}

pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

pub(crate) fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib: u64 = line
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    kib >> 10
}
