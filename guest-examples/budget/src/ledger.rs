//! What runs and days have spent, in the plugin's own store: `run/<run>` and `day/<days since 1970>`, in millionths of a dollar.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portcullis_sdk::kv;
use portcullis_sdk::prelude::*;

use crate::money::Money;
use crate::plan::Spent;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a sum is kept: no run takes as long, and a day is over then.
const KEPT: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// What was spent until now.
pub fn spent(run: &str) -> Result<Spent, Failure> {
    let read = |key: String| Ok::<_, Failure>(Money(kv::get(&key)?.unwrap_or_default()));
    Ok(Spent {
        run: read(run_key(run))?,
        day: read(day_key())?,
    })
}

/// Adds to what a run and this day have spent.
pub fn add(run: &str, cost: Money) -> Result<(), Failure> {
    for key in [run_key(run), day_key()] {
        // A sum that is there keeps its time; one that is not begins it. Another call may begin it first.
        if !kv::compare_and_set_for(&key, None, &cost.0, KEPT)? {
            kv::increment(&key, cost.0)?;
        }
    }
    Ok(())
}

fn run_key(run: &str) -> String {
    format!("run/{run}")
}

fn day_key() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let days = now.unwrap_or_default().as_secs() / DAY.as_secs();
    format!("day/{days}")
}
