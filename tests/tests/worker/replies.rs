//! What a worker says is not believed.

use std::io::Write;
use std::process::{Command, Stdio};

use portcullis::Package;
use portcullis::engine::{CompileLimits, CompileWorker, PrepareError};
use portcullis_tests::forge::bytes;
use portcullis_tests::plugin;

use super::common::{alone, load_with, nothing_is_left, refusal, rig, short, stub};

/// Asks the real worker by hand, in the frames that a host writes.
fn ask(digest: [u8; 32], component: &[u8]) -> std::process::Output {
    let mut request = b"PCW1\0".to_vec();
    for limit in [1_u64 << 30, 8, 256 << 20] {
        request.extend(limit.to_le_bytes());
    }
    request.extend(digest);
    request.extend((component.len() as u64).to_le_bytes());
    request.extend(component);
    let mut child = Command::new(env!("CARGO_BIN_EXE_worker-real"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that ends early does not read it.
    let _unread = child.stdin.take().unwrap().write_all(&request);
    child.wait_with_output().unwrap()
}

fn good_reply(package: &Package) -> Vec<u8> {
    let output = ask(*package.digest().as_bytes(), package.bytes());
    assert!(output.status.success());
    output.stdout
}

/// Loads a package on a host whose worker replies with these bytes.
async fn load_on(reply: &[u8], package: Package) -> Result<(), PrepareError> {
    let (directory, program) = stub("liar");
    std::fs::write(directory.path().join("liar.reply"), reply).unwrap();
    let rig = rig(CompileWorker::new(program).unwrap());
    match rig.try_load(package).await {
        Ok(_) => Ok(()),
        refused => Err(refusal(refused)),
    }
}

/// Proves S3: a reply that is not exactly what a worker says of this component is refused, and so is the code of another component.
#[tokio::test(flavor = "multi_thread")]
async fn lies_are_noticed() {
    let _alone = alone().await;
    let noop = plugin("noop");
    let good = good_reply(&noop);
    load_on(&good, noop.clone()).await.unwrap();
    let changed = |at: usize, by: u8| {
        let mut reply = good.clone();
        reply[at] ^= by;
        reply
    };
    let trailing = [&good[..], &[0]].concat();
    let other = good_reply(&plugin("stealth"));
    for (what, reply, says) in [
        ("magic", changed(3, 1), "does not begin like one"),
        ("status", changed(4, 0x40), "no such status"),
        ("settings", changed(5, 1), "has other settings"),
        ("checksum", changed(40, 1), "checksum is wrong"),
        ("code", changed(5_000, 1), "checksum is wrong"),
        ("trailing byte", trailing, "goes on after its end"),
        (
            "another component",
            other,
            "imports or exports something else",
        ),
    ] {
        let error = load_on(&reply, noop.clone()).await.unwrap_err();
        let told = error.to_string();
        let is_lie = matches!(error, PrepareError::WorkerLied { .. });
        assert!(is_lie && told.contains(says), "{what}: {told}");
        assert!(error.is_of_host());
    }
    for len in [0, 3, 50, 100, good.len() - 1] {
        let error = load_on(&good[..len], noop.clone()).await.unwrap_err();
        let told = error.to_string();
        assert!(told.contains("without a reply"), "{len} bytes: {told}");
    }
    // A length that nobody can hold is refused before anything is held.
    let mut long = good.clone();
    long[69..77].copy_from_slice(&u64::MAX.to_le_bytes());
    let error = load_on(&long, noop).await.unwrap_err();
    assert!(
        matches!(error, PrepareError::CompileTooBig { .. }),
        "{error}"
    );
    nothing_is_left().await;
}

/// Proves S3: a worker that says nothing, crashes, never ends, or takes all it can get is an error that says so.
#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_apart() {
    let _alone = alone().await;
    let noop = || plugin("noop");
    let told = refusal(load_with("silent", short(), noop()).await).to_string();
    assert!(told.contains("without a reply"), "{told}");
    let told = refusal(load_with("crash", short(), noop()).await).to_string();
    assert!(told.contains("signal: 6"), "{told}");
    let told = refusal(load_with("loud", short(), noop()).await).to_string();
    assert!(told.contains("goes on after its end"), "{told}");
    let told = refusal(load_with("slow", short(), noop()).await).to_string();
    assert!(told.contains("longer than 1000 ms"), "{told}");
    let mut limits = CompileLimits::default();
    (limits.wall_ms, limits.cpu_s) = (60_000, 1);
    let told = refusal(load_with("busy", limits, noop()).await).to_string();
    assert!(told.contains("longer than 1 s of processor time"), "{told}");
    limits.memory_bytes = 64 << 20;
    (limits.wall_ms, limits.cpu_s) = (60_000, 60);
    let told = refusal(load_with("greedy", limits, noop()).await).to_string();
    assert!(told.contains("more than 64 MiB"), "{told}");
    nothing_is_left().await;
}

/// Proves S3: more code than the host takes is refused, by a worker that knows the limit.
#[tokio::test(flavor = "multi_thread")]
async fn too_much_code_is_refused() {
    let _alone = alone().await;
    let mut limits = CompileLimits::default();
    limits.output_bytes = 10_000;
    let rig = rig(super::common::real().limits(limits));
    let error = refusal(rig.try_load(plugin("noop")).await);
    assert!(
        matches!(error, PrepareError::CompileTooBig { limit: 10_000 }),
        "{error}"
    );
}

/// Proves S3: what no scan lets through is answered, or ends the worker at worst; another digest than was announced is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_needs_no_scan_before_it() {
    let _alone = alone().await;
    let deep = bytes::nested_components(3_000);
    assert!(Package::parse(deep.clone()).is_err());
    let digest = portcullis::package::Digest::of(&deep);
    let output = ask(*digest.as_bytes(), &deep);
    let is_answered = output.stdout.starts_with(b"PCR1");
    println!("{:?}, answered: {is_answered}", output.status);
    assert!(is_answered || !output.status.success());

    let output = ask([0; 32], b"\0asm");
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("is not the one that was announced"), "{told}");
}
