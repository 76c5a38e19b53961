//! Rumours about NPCs, and a watchword for those who may hear them.

mod rumour;
mod watchword;

use portcullis_sdk::prelude::*;

#[derive(Default)]
struct Gossip;

impl Conditions for Gossip {
    fn evaluate(&self, name: &str, subject: &Subject, _params: &Params) -> Result<bool, Failure> {
        match name {
            "knows-rumour" => rumour::is_known(&subject.world, subject.npc()?),
            "knows-watchword" => watchword::is_known(),
            other => Err(Failure::unknown(other)),
        }
    }
}

impl Effects for Gossip {
    fn apply(&self, name: &str, subject: &Subject, _params: &Params) -> Result<(), Failure> {
        match name {
            "spread-rumour" => rumour::spread(&subject.world, subject.npc()?),
            "tell-rumour" => rumour::tell(&subject.world, subject.npc()?),
            other => Err(Failure::unknown(other)),
        }
    }
}

portcullis_sdk::plugin!(Gossip: conditions, effects);
