//! A rumour's way: asked for in one call, written by the generator meanwhile, told in a later call.
//!
//! The plugin's store keeps `job/<world>/<npc>`, the job that writes the newest rumour, and `count/<world>/<npc>`, the rumour's number. What an
//! NPC has heard stands in its attribute `rumour`.

use std::time::Duration;

use portcullis_sdk::prelude::*;
use portcullis_sdk::{config, generation, kv};
use serde::{Deserialize, Serialize};

/// The NPC's attribute.
const ATTRIBUTE: &str = "rumour";

/// A rumour that is not told within a day is stale: then another may be asked for.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// A rumour as an NPC has heard it.
#[derive(Serialize, Deserialize)]
struct Rumour {
    number: i64,
    text: String,
}

/// A rumour that is being written.
#[derive(Serialize, Deserialize)]
struct Job {
    id: String,
    number: i64,
}

fn job_key(world: &str, npc: &str) -> String {
    format!("job/{world}/{npc}")
}

fn count_key(world: &str, npc: &str) -> String {
    format!("count/{world}/{npc}")
}

/// Whether the NPC has heard the newest rumour about it.
pub fn is_known(world: &str, npc: &str) -> Result<bool, Failure> {
    let newest = kv::get::<i64>(&count_key(world, npc))?;
    let heard = npc::attribute::<Rumour>(npc, ATTRIBUTE)?;
    Ok(heard.is_some_and(|heard| newest == Some(heard.number)))
}

/// Asks for a rumour about the NPC, unless one is on its way.
pub fn spread(world: &str, npc: &str) -> Result<(), Failure> {
    let key = job_key(world, npc);
    if kv::get::<Job>(&key)?.is_some() {
        return Ok(());
    }
    let id = generation::submit(request(&npc::get(npc)?)?)?;
    let number = kv::increment(&count_key(world, npc), 1)?;
    Ok(kv::set_for(&key, &Job { id, number }, FRESH)?)
}

fn request(about: &npc::Npc) -> Result<generation::Request, Failure> {
    let tone = config::get::<String>("tone")?.unwrap_or_else(|| "neutral".to_owned());
    let whereabouts = match about.activity.as_str() {
        "" => format!("was last seen at {}", about.location),
        activity => format!("was last seen at {} ({activity})", about.location),
    };
    Ok(generation::Request {
        prompt: format!(
            "Make up a rumour about {}, who {whereabouts}. Answer with the rumour alone, in one sentence.",
            about.name
        ),
        system: Some(format!("You gossip in a small town, in a {tone} tone.")),
        max_tokens: config::get("max_tokens")?.unwrap_or(80),
    })
}

/// Tells the NPC the rumour if it is written.
pub fn tell(world: &str, npc: &str) -> Result<(), Failure> {
    let key = job_key(world, npc);
    let Some(Job { id, number }) = kv::get(&key)? else {
        return Ok(());
    };
    match generation::read(&id) {
        Ok(generation::State::Queued | generation::State::Running) => return Ok(()),
        Ok(generation::State::Done(text)) => {
            log::info("a rumour is told", &[("npc", &npc), ("number", &number)]);
            npc::set_attribute(npc, ATTRIBUTE, &Rumour { number, text })?;
        }
        Ok(generation::State::Failed) => {
            log::warn(
                "no rumour was written",
                &[("npc", &npc), ("number", &number)],
            );
        }
        // It was asked for in another session, which alone may read it; it goes stale if that does not.
        Err(Error::NotFound) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    Ok(kv::delete(&key)?)
}
