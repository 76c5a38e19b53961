//! What runs and days have spent, in the plugin's own store: `run/<world>/<run>` and `day/<world>/<days since 1970>`, in millionths of a
//! dollar. Each world has a budget of its own.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portcullis_sdk::kv;
use portcullis_sdk::prelude::*;

use crate::money::Money;
use crate::plan::Spent;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the sum of a run is kept after its first request: few runs take minutes, and each is a key until then.
const RUN_KEPT: Duration = Duration::from_secs(6 * 60 * 60);

/// How long the sum of a day is kept: it is over then.
const DAY_KEPT: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// The longest part of a key that is taken as it is: two of them and what is around them fit the 128 bytes that a key has.
const PART_BYTES: usize = 48;

/// The sums of a run and of this day.
pub struct Ledger {
    run: String,
    day: String,
}

impl Ledger {
    /// That of a run in a world.
    pub fn of(world: &str, run: &str) -> Self {
        let (world, run) = (part(world), part(run));
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let days = now.unwrap_or_default().as_secs() / DAY.as_secs();
        Self {
            run: format!("run/{world}/{run}"),
            day: format!("day/{world}/{days}"),
        }
    }

    /// What was spent until now.
    pub fn spent(&self) -> Result<Spent, Failure> {
        let read = |key| Ok::<_, Failure>(Money(kv::get(key)?.unwrap_or_default()));
        Ok(Spent {
            run: read(&self.run)?,
            day: read(&self.day)?,
        })
    }

    /// Makes sure that so much can be added, and fails if there is no room for it.
    pub fn check(&self, cost: Money) -> Result<(), Failure> {
        for (key, kept) in self.sums() {
            add(key, cost, kept)?;
            kv::increment(key, -cost.0)?;
        }
        Ok(())
    }

    /// Adds to what the day and the run have spent. The day counts even if there is no room for the run.
    pub fn add(&self, cost: Money) -> Result<(), Failure> {
        let [day, run] = self.sums().map(|(key, kept)| add(key, cost, kept));
        if run.is_err() {
            log::warn(
                "what a run has spent is counted for the day alone",
                &[("run", &self.run)],
            );
        }
        day
    }

    fn sums(&self) -> [(&str, Duration); 2] {
        [(&self.day, DAY_KEPT), (&self.run, RUN_KEPT)]
    }
}

fn add(key: &str, cost: Money, kept: Duration) -> Result<(), Failure> {
    // A sum that is there keeps its time; one that is not begins it. Another call may begin it first.
    if !kv::compare_and_set_for(key, None, &cost.0, kept)? {
        kv::increment(key, cost.0)?;
    }
    Ok(())
}

/// A part of a key that says what a name says, and is no other name's: a long or a strange one is cut, and told apart by a number.
fn part(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if name.len() <= PART_BYTES && name.chars().all(is_plain) {
        return name.to_owned();
    }
    // 64-bit FNV-1a: the same in each build, as what the store keeps has to be.
    let number = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |number: u64, byte| {
            (number ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
    let begin: String = name
        .chars()
        .filter(|c| is_plain(*c))
        .take(PART_BYTES - 17)
        .collect();
    format!("{begin}~{number:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_and_each_its_own() {
        assert_eq!(Ledger::of("alpha", "run-1").run, "run/alpha/run-1");
        let long = |end: &str| format!("{}{end}", "x".repeat(1_000));
        let names = [
            "a",
            "a/b",
            "b/a",
            "ab",
            "\n",
            "",
            &long("a"),
            &long("b"),
            "größe",
        ];
        let mut keys = Vec::new();
        for world in names {
            for run in names {
                let ledger = Ledger::of(world, run);
                assert!(ledger.run.len() <= 128 && ledger.day.len() <= 128);
                assert!(!ledger.run.contains(char::is_control));
                keys.push(ledger.run);
            }
        }
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), names.len() * names.len());
    }
}
