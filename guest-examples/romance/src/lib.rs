//! Intimacy, moods and what deeds do to a relationship.

use portcullis_sdk::prelude::*;
use serde::Deserialize;
use session::RelationshipChange;

/// What an aloof NPC asks for on top of the threshold.
const ALOOF: i32 = 20;

#[derive(Default)]
struct Romance;

impl Conditions for Romance {
    fn evaluate(&self, name: &str, subject: &Subject, params: &Params) -> Result<bool, Failure> {
        match name {
            "has-high-intimacy" => {
                has_high_intimacy(subject.npc()?, params.find("threshold")?.unwrap_or(50))
            }
            other => Err(Failure::unknown(other)),
        }
    }
}

impl Effects for Romance {
    fn apply(&self, name: &str, subject: &Subject, params: &Params) -> Result<(), Failure> {
        match name {
            "mood-boost" => boost_mood(subject.npc()?, params.get("amount")?),
            "relationship-impact" => change_relationship(subject.npc()?, params.all()?),
            other => Err(Failure::unknown(other)),
        }
    }
}

fn has_high_intimacy(npc: &str, threshold: i32) -> Result<bool, Failure> {
    let threshold = if is_aloof(npc)? {
        threshold.saturating_add(ALOOF)
    } else {
        threshold
    };
    Ok(session::relationship(npc)?.intimacy >= threshold)
}

/// Reading NPCs is an optional permission: without it everyone counts as open.
fn is_aloof(npc: &str) -> Result<bool, Failure> {
    Ok(permissions::has("npc:read") && npc::get(npc)?.has_tag("aloof"))
}

/// A mood lies between 0 and 100, and an NPC that was never met is at 50.
fn boost_mood(npc: &str, amount: i32) -> Result<(), Failure> {
    let key = format!("mood/{npc}");
    let mood = session::flag::<i32>(&key)?.unwrap_or(50);
    Ok(session::set_flag(
        &key,
        &mood.saturating_add(amount).clamp(0, 100),
    )?)
}

#[derive(Deserialize)]
struct Impact {
    affinity: i32,
    trust: i32,
    intimacy: i32,
}

fn change_relationship(npc: &str, by: Impact) -> Result<(), Failure> {
    let change = RelationshipChange {
        affinity: by.affinity,
        trust: by.trust,
        intimacy: by.intimacy,
    };
    Ok(session::update_relationship(npc, change)?)
}

portcullis_sdk::plugin!(Romance: conditions, effects);
