//! What this process takes, as Linux tells it.

use std::fs;

use serde::Serialize;

/// What is counted while nothing runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Taken {
    pub resident_kib: u64,
    /// Without those of images.
    pub descriptors: u64,
    /// Memory images: a file in memory for each module that has data. The plugins' are there while they are loaded; a slot of the pool keeps that of
    /// the module that it ran last, also when its plugin was replaced.
    pub images: u64,
    pub threads: u64,
    pub children: u64,
}

impl Taken {
    /// What it takes now. Zeros where there is no `/proc`.
    pub fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let word = line.and_then(|line| line.split_whitespace().next());
            word.and_then(|word| word.parse().ok()).unwrap_or_default()
        };
        let (descriptors, images) = descriptors();
        Self {
            resident_kib: field("VmRSS:"),
            descriptors,
            images,
            threads: field("Threads:"),
            children: children(),
        }
    }
}

/// Without the one that looks: those of images last.
fn descriptors() -> (u64, u64) {
    let (mut others, mut images) = (0_u64, 0);
    for open in fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten()
    {
        let target = fs::read_link(open.path()).unwrap_or_default();
        match target.starts_with("/memfd:wasm-memory-image (deleted)") {
            true => images += 1,
            false => others += 1,
        }
    }
    (others.saturating_sub(1), images)
}

/// Children of all threads, those that ended and were not waited for among them.
fn children() -> u64 {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten();
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
    lists
        .map(|list| list.split_whitespace().count() as u64)
        .sum()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_child_a_thread_and_a_descriptor_are_seen() {
        let before = Taken::now();
        let file = fs::File::open("/proc/self/status").unwrap();
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let (tell, told) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || told.recv());
        let with = Taken::now();
        child.kill().unwrap();
        child.wait().unwrap();
        drop((file, tell));
        assert!(thread.join().unwrap().is_err());
        // Other tests run beside this one.
        assert!(
            with.children > before.children.saturating_sub(1),
            "{with:?}"
        );
        assert!(with.resident_kib > 0 && with.descriptors > 3 && with.threads > 1);
        assert!(with.children >= 1, "{with:?}");
    }
}
