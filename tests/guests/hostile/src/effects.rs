//! Effects: honest ones that tests of commit, conflict and cancelling lean on, and ones that fail after a write.

use std::thread::sleep;
use std::time::Duration;

use portcullis_sdk::prelude::*;
use serde::Deserialize;

use crate::{Hostile, writes};

impl Effects for Hostile {
    fn apply(&self, name: &str, subject: &Subject, params: &Params) -> Result<(), Failure> {
        match name {
            "set-flag" => Ok(session::set_flag(
                &params.get::<String>("key")?,
                &params.get::<Value>("value")?,
            )?),
            "clear-flag" => Ok(session::clear_flag(&params.get::<String>("key")?)?),
            "increment-flag" => increment_flag(params),
            "update-relationship" => update_relationship(subject, params),
            "sleep" => nap(params),
            "write-then-trap" => writes::then_trap().map(drop),
            "write-then-error" => writes::then_error().map(drop),
            "write-then-loop" => writes::then_loop().map(drop),
            other => Err(Failure::unknown(other)),
        }
    }
}

/// Adds one to the flag `key`, which begins at 0; sleeps `ms` milliseconds between reading and writing, to make conflicts likely.
fn increment_flag(params: &Params) -> Result<(), Failure> {
    let key: String = params.get("key")?;
    let now: i64 = session::flag(&key)?.unwrap_or(0);
    if params.find::<u64>("ms")?.is_some() {
        nap(params)?;
    }
    Ok(session::set_flag(&key, &(now + 1))?)
}

fn nap(params: &Params) -> Result<(), Failure> {
    sleep(Duration::from_millis(params.get("ms")?));
    Ok(())
}

#[derive(Deserialize)]
struct Change {
    npc: Option<String>,
    #[serde(default)]
    affinity: i32,
    #[serde(default)]
    trust: i32,
    #[serde(default)]
    intimacy: i32,
}

/// Takes `npc`, or the subject's, and what to add.
fn update_relationship(subject: &Subject, params: &Params) -> Result<(), Failure> {
    let change: Change = params.all()?;
    let npc = change.npc.as_deref().map_or_else(|| subject.npc(), Ok)?;
    let by = session::RelationshipChange {
        affinity: change.affinity,
        trust: change.trust,
        intimacy: change.intimacy,
    };
    Ok(session::update_relationship(npc, by)?)
}
