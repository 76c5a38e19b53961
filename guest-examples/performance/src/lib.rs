//! Evenings on stage: how much NPCs want to perform, and how large a crowd comes.

use portcullis_sdk::prelude::*;

/// The hours of the day at which shows are on.
const EVENING: std::ops::Range<u64> = 18..23;

#[derive(Default)]
struct Performance;

impl Simulation for Performance {
    fn provide(&self, name: &str, _subject: &Subject) -> Result<Value, Failure> {
        match name {
            "stage" => stage(),
            other => Err(Failure::unknown(other)),
        }
    }
}

fn stage() -> Result<Value, Failure> {
    let stages = world::locations()?
        .iter()
        .filter(|place| place.tags.iter().any(|tag| tag == "stage"))
        .count();
    if stages == 0 {
        return Ok(json!({ "performance_weight": 0.0, "crowd": 0 }));
    }
    let evening = EVENING.contains(&(world::get()?.hour % 24));
    let festival = world::config::<bool>("festival")?.unwrap_or(false);
    let weight = if evening { 1.5 } else { 0.5 } + if festival { 1.0 } else { 0.0 };
    // By day one in ten comes, in the evening one in four, and a festival doubles it; the stages share them.
    let share = if evening { 4 } else { 10 };
    let crowd = world::npcs()?.len() * if festival { 2 } else { 1 } / share / stages;
    log::debug(
        "the stage is set",
        &[("stages", &stages), ("crowd", &crowd)],
    );
    Ok(json!({ "performance_weight": weight, "crowd": crowd }))
}

portcullis_sdk::plugin!(Performance: simulation);
