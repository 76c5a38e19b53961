//! Hosts with a worker, and without.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use portcullis::engine::{CacheKey, CompileCache, CompileLimits, CompileWorker, PrepareError};
use portcullis::host::LoadError;
use portcullis::{Consent, Outcome, Package};
use portcullis_tests::forge::bytes;
use portcullis_tests::plugin;
use portcullis_tests::rig::{Rig, limits};
use serde_json::json;

use super::common::{
    alone, children, host_without_compiler, load_with, nothing_is_left, real, refusal, rig, short,
    stub,
};

fn cache(directory: &Path) -> CompileCache {
    CompileCache::open(directory, CacheKey::new([3; 32])).unwrap()
}

/// A plugin that needs nothing of a host.
fn small(id: &str) -> Package {
    bytes::package(id, &bytes::functions(&[(1, Vec::new())]))
}

/// Proves S3: the worker writes the code that the host itself would have written, for both engines, and it runs.
#[tokio::test(flavor = "multi_thread")]
async fn the_worker_writes_the_same_code() {
    let _alone = alone().await;
    let (by_worker, in_process) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for fuel in [None, Some(10_000_000)] {
        let policy = || limits(|limits| limits.fuel = fuel);
        let rig = Rig::with(policy(), |builder| {
            builder
                .compile_worker(real())
                .compile_cache(cache(by_worker.path()))
        });
        let other = Rig::with(policy(), |builder| {
            builder.compile_cache(cache(in_process.path()))
        });
        for name in ["stealth", "keeper", "trivia"] {
            rig.load(name).await;
            other.load(name).await;
        }
        let noop = rig.load("noop").await;
        other.load("noop").await;
        let receipt = rig.ask(&noop, "noop", json!({})).await;
        assert_eq!(receipt.outcome, Outcome::Returned, "{receipt}");
    }
    let entries: Vec<_> = std::fs::read_dir(by_worker.path()).unwrap().collect();
    assert_eq!(entries.len(), 8);
    for entry in entries {
        let entry = entry.unwrap();
        let own = std::fs::read(entry.path()).unwrap();
        let same = std::fs::read(in_process.path().join(entry.file_name())).unwrap();
        assert!(own == same, "{:?} differs", entry.file_name());
    }
    nothing_is_left().await;
}

/// Proves S3 and X6: what is in the cache is loaded without a worker, also by a host that compiles nothing; what is not, is refused by name.
#[tokio::test(flavor = "multi_thread")]
async fn the_cache_needs_no_compiler() {
    let _alone = alone().await;
    let directory = tempfile::tempdir().unwrap();
    let with = |worker: Option<CompileWorker>| {
        let builder = portcullis::Host::builder().compile_cache(cache(directory.path()));
        match worker {
            Some(worker) => builder.compile_worker(worker),
            None => builder,
        }
        .build()
        .unwrap()
    };
    let load = async |host: portcullis::Host| {
        let consent = Consent::Everything;
        host.load(small("small"), &consent).await
    };
    let error = refusal(load(with(None)).await);
    assert!(matches!(error, PrepareError::NoCompiler { .. }));
    let told = error.to_string();
    assert!(
        told.contains("compile_worker") && told.contains("compile_in_process"),
        "{told}"
    );
    load(with(Some(real()))).await.unwrap();
    let (_kept, crash) = stub("crash");
    load(with(Some(CompileWorker::new(crash).unwrap())))
        .await
        .unwrap();
    load(with(None)).await.unwrap();
    let bare = host_without_compiler();
    assert!(matches!(
        load(bare).await,
        Err(LoadError::Prepare(PrepareError::NoCompiler { .. }))
    ));
}

/// Proves S3: a program that cannot be one is refused when it is named, or when it is to be started.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_must_be_there() {
    let _alone = alone().await;
    for (path, why) in [
        ("portcullis-compile", "not absolute"),
        ("/", "it is no file"),
        ("/nowhere/portcullis-compile", "No such file"),
    ] {
        let told = CompileWorker::new(path).unwrap_err().to_string();
        assert!(
            told.contains(why) && told.contains("by its absolute path"),
            "{told}"
        );
    }
    let (directory, program) = stub("silent");
    let worker = CompileWorker::new(&program).unwrap();
    let rig = rig(worker);
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o644)).unwrap();
    for why in ["Permission denied", "No such file"] {
        let told = refusal(rig.try_load(plugin("noop")).await).to_string();
        assert!(
            told.contains(why) && told.contains("`portcullis-compile`"),
            "{told}"
        );
        let _gone = std::fs::remove_file(&program);
    }
    drop(directory);
}

/// Proves S3: a worker has no environment, no arguments, no directory and no descriptor of the host's, and its limits before it reads a byte.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_gets_nothing_else() {
    let _alone = alone().await;
    let error = refusal(load_with("nosy", CompileLimits::default(), plugin("noop")).await);
    let told = error.to_string();
    // The list is of texts in quotation marks.
    let told = told.replace('\\', "");
    for part in [
        "[\"RAYON_NUM_THREADS\", \"RUST_MIN_STACK\"] 1 [",
        "\"0\"=pipe:",
        "\"1\"=pipe:",
        "\"2\"=/dev/null",
        "Max cpu time 8 9 seconds",
        "Max data size 1073741824 1073741824 bytes",
        "Max core file size 0 0 bytes",
        "Max file size 0 0 bytes",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

/// Proves S3: what a careless host lets a worker inherit is closed before a byte is read.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_inherited_is_closed() {
    let _alone = alone().await;
    let real = env!("CARGO_BIN_EXE_worker-real");
    let script = format!("exec '{real}' 7</etc/passwd 9</");
    let mut child = std::process::Command::new("/bin/sh")
        .args(["-c", &script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let list = format!("/proc/{}/fd", child.id());
    let mut open = Vec::new();
    for _ in 0..1_000 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let entries = std::fs::read_dir(&list).unwrap();
        open = entries.map(|entry| entry.unwrap().file_name()).collect();
        open.sort();
        let program = std::fs::read_link(format!("/proc/{}/exe", child.id())).unwrap();
        if program == Path::new(real) && open.len() == 3 {
            break;
        }
    }
    assert_eq!(open, ["0", "1", "2"]);
    drop(child.stdin.take());
    child.wait().unwrap();
}

/// Proves S3: who goes while a plugin is compiled takes the process along.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_load_ends_its_worker() {
    let _alone = alone().await;
    let loading = tokio::spawn(load_with("slow", CompileLimits::default(), plugin("noop")));
    while children().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    loading.abort();
    assert!(loading.await.unwrap_err().is_cancelled());
    nothing_is_left().await;
}

/// Proves S3: no more processes at once than the limit, and a plugin that takes long holds up none that is compiled already.
#[tokio::test(flavor = "multi_thread")]
async fn others_do_not_wait() {
    let _alone = alone().await;
    let directory = tempfile::tempdir().unwrap();
    let filled = Rig::with(limits(|_| {}), |builder| {
        builder.compile_cache(cache(directory.path()))
    });
    filled.load("noop").await;
    let (_kept, slow) = stub("slow");
    let worker = CompileWorker::new(slow).unwrap().limits(short());
    let rig = Rig::with(limits(|_| {}), |builder| {
        builder
            .compile_worker(worker)
            .compile_cache(cache(directory.path()))
    });
    let loads = (0..4).map(|id| {
        let (rig, package) = (rig.clone(), small(&format!("slow-{id}")));
        tokio::spawn(async move { rig.try_load(package).await })
    });
    let loads: Vec<_> = loads.collect();
    while children().is_empty() && loads.iter().any(|load| !load.is_finished()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    rig.load("noop").await;
    assert!(
        loads.iter().any(|load| !load.is_finished()),
        "the slow ones go on"
    );
    let mut most = 0;
    while loads.iter().any(|load| !load.is_finished()) {
        most = most.max(children().len());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(most, 2);
    for load in loads {
        let error = refusal(load.await.unwrap());
        assert!(
            matches!(error, PrepareError::CompileTimedOut { .. }),
            "{error}"
        );
    }
    nothing_is_left().await;
}
