use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;

/// Where the child finds its database.
const DATABASE: &str = "PORTCULLIS_STATE_KILLED";
const TASKS: u64 = 4;
const KILLS: u64 = 24;

/// Proves that what was acknowledged survives `kill -9`, and no commit is there in part.
#[test]
fn what_was_acknowledged_survives_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut acknowledged = [0; TASKS as usize];
    for kill in 0..KILLS {
        run_and_kill(&path, Duration::from_millis(kill * 3), &mut acknowledged);
        let store = Store::open(&path, Options::default()).unwrap();
        runtime.block_on(async {
            for task in 0..TASKS {
                let name = format!("n{task}");
                let value = flag(&store, "p1", &name)
                    .await
                    .1
                    .and_then(|value| value.as_u64());
                let value = value.unwrap_or(0);
                assert!(
                    value >= acknowledged[task as usize],
                    "{task}: {value} of {acknowledged:?}"
                );
                let world = store.snapshot("a").unwrap();
                let twice = world.sessions["s"]
                    .value
                    .flags
                    .get("p1")
                    .and_then(|flags| flags.get(&format!("twice{task}")).cloned());
                assert_eq!(
                    twice.and_then(|twice| twice.as_u64()).unwrap_or(0),
                    value * 2
                );
            }
            let report = assert_sound(&store).await;
            assert!(report.is_complete());
        });
    }
    assert!(
        acknowledged.iter().all(|value| *value > 0),
        "{acknowledged:?}"
    );
}

/// Lets a child write for a while, kills it, and notes what it was told is written.
fn run_and_kill(path: &Path, after: Duration, acknowledged: &mut [u64]) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "tests::kill::child",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut note = |line: &str| {
        let Some(mut parts) = line.strip_prefix("ack ").map(str::split_whitespace) else {
            return false;
        };
        let task: usize = parts.next().unwrap().parse().unwrap();
        acknowledged[task] = parts.next().unwrap().parse().unwrap();
        true
    };
    // From the first word of the child on.
    while !note(&lines.next().unwrap().unwrap()) {}
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    let rest: Vec<_> = lines.map_while(Result::ok).collect();
    // The last line may be cut short by the kill; whole ones end with a dot.
    for line in rest.iter().filter_map(|line| line.strip_suffix(" .")) {
        note(line);
    }
}

/// Not a test of its own: the process that is killed.
#[test]
fn child() {
    let Some(path) = std::env::var_os(DATABASE) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(Path::new(&path), Options::default()).unwrap();
        if store.ids().is_empty() {
            fill(&store).await;
        }
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| tokio::spawn(count(store.clone(), task)))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// Counts for ever, and says each number when it is written.
async fn count(store: Store, task: u64) {
    let name = format!("n{task}");
    let mut value = flag(&store, "p1", &name)
        .await
        .1
        .and_then(|value| value.as_u64())
        .unwrap_or(0);
    loop {
        value += 1;
        let writes = vec![
            set_flag(&name, json!(value)),
            set_flag(&format!("twice{task}"), json!(value * 2)),
            put_kv(&name, json!(value), None),
        ];
        commit(&store, &[], writes).await.unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "ack {task} {value} .").unwrap();
        out.flush().unwrap();
    }
}
