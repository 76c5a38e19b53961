//! Every misdeed of the list, over and over, some at once. Each ends as the list says, and the host goes on as if nothing had been. A process
//! of its own, so that other tests do not disturb the numbers. `PORTCULLIS_ROUNDS` says how often; three times where nothing is said.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use portcullis_tests::misdeeds::home::Home;
use portcullis_tests::misdeeds::run::Ready;
use portcullis_tests::misdeeds::{House, all, table};
use portcullis_tests::plugins::root;
use tokio::task::JoinSet;

/// How many misdeeds run at once.
const AT_ONCE: usize = 4;

/// What an allocator may keep for itself.
const SLACK_KIB: u64 = 16 * 1024;

/// Rounds before the host's memory is looked at: compiled code and the allocator's arenas are there after them.
const WARM_UP: usize = 2;

static PANICS: AtomicU64 = AtomicU64::new(0);

/// The rows that run, each with its plugin on its host.
async fn rows(homes: &BTreeMap<House, Arc<Home>>) -> Vec<Ready> {
    let mut rows: Vec<Ready> = Vec::new();
    for misdeed in all() {
        let home = Arc::clone(homes.get(&misdeed.house).unwrap());
        rows.push(Ready::new(misdeed, home, &rows).await);
    }
    rows
}

/// One round over all rows, in an order of its own, so that each has other neighbours each time. Gives what was not as expected.
async fn take_turns(rows: &[Ready], round: usize) -> Vec<String> {
    let mut order = rows.to_vec();
    let middle = (round * 7) % order.len();
    order.rotate_left(middle);
    let (mut wrong, mut running) = (Vec::new(), JoinSet::new());
    for row in order {
        if running.len() == AT_ONCE {
            wrong.extend(running.join_next().await.unwrap().unwrap());
        }
        running.spawn(row.run(round));
    }
    while let Some(ended) = running.join_next().await {
        wrong.extend(ended.unwrap());
    }
    wrong
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

/// Proves X1, X2, X3, C7: misdeeds end as the list says, each time, with the right one to blame; good plugins beside them go on; what they take
/// is given back; the host never panics.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn misdeeds_end_as_the_list_says() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        before(panic);
    }));
    let rounds = std::env::var("PORTCULLIS_ROUNDS").map_or(3, |rounds| rounds.parse().unwrap());
    let mut homes = BTreeMap::new();
    for house in [House::Clock, House::Metered, House::Warm] {
        homes.insert(house, Arc::new(Home::new(house).await));
    }
    // Both engines have slots of their own.
    for house in [House::Clock, House::Metered] {
        homes.get(&house).unwrap().fill_slots().await;
    }
    let rows = rows(&homes).await;
    let (mut wrong, mut start) = (Vec::new(), 0);
    for round in 0..WARM_UP + rounds {
        wrong.extend(take_turns(&rows, round).await);
        wrong.extend(homes.values().flat_map(|home| home.look_back()));
        if round + 1 == WARM_UP {
            start = resident_kib();
        } else if round % 10 == 0 {
            println!("round {round}: {} KiB", resident_kib());
        }
    }
    let end = resident_kib();
    println!(
        "{} misdeeds, {rounds} rounds: {start} KiB became {end} KiB",
        rows.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(PANICS.load(Ordering::SeqCst), 0, "the host panicked");
    let most = start + SLACK_KIB;
    assert!(
        end <= most,
        "{end} KiB are more than {most} KiB; it began at {start} KiB"
    );
    let seen: u64 = homes.values().map(|home| home.records()).sum();
    assert!(seen > 0, "no record was looked at");
}

/// What the list is for: enough of each kind, each with a name of its own and something to say.
#[test]
fn the_list_is_long_enough() {
    let names: BTreeSet<_> = all().map(|one| one.name).collect();
    assert_eq!(names.len(), all().count(), "two have the same name");
    assert!(all().count() >= 60);
    let classes: BTreeSet<_> = all().map(|one| one.class).collect();
    assert_eq!(classes.len(), 6, "{classes:?}");
}

/// Each condition of `hostile` that is no honest one is in the list.
#[test]
fn the_list_has_every_condition_of_hostile() {
    let honest = ["read-", "echo", "say"];
    let listed: BTreeSet<_> = all().map(|one| one.condition()).collect();
    let hostile = portcullis_tests::plugin("hostile");
    let contributed = hostile.manifest().contributes.iter();
    for raw in contributed.filter(|raw| raw.extension == "conditions") {
        let name = raw.name().unwrap();
        let known =
            listed.contains(name.as_str()) || honest.iter().any(|honest| name.starts_with(honest));
        assert!(known, "`{name}` is not in the list");
    }
}

/// `tests/guests/README.md` shows the list as it is. `BLESS=1` writes it.
#[test]
fn the_readme_shows_the_list() {
    const BEGIN: &str = "<!-- misdeeds:begin -->\n";
    const END: &str = "<!-- misdeeds:end -->\n";
    let path = root().join("tests/guests/README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text
        .split_once(BEGIN)
        .expect("the marker where the list begins");
    let (shown, after) = rest
        .split_once(END)
        .expect("the marker where the list ends");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
    } else {
        assert_eq!(
            shown,
            table(),
            "BLESS=1 writes the list into {}",
            path.display()
        );
    }
}
