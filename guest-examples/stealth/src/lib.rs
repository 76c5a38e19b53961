//! Disguises and suspicion: who the player seems to be, and who sees through it.

mod disguise;
mod suspicion;

use portcullis_sdk::prelude::*;

#[derive(Default)]
struct Stealth;

impl Lifecycle for Stealth {
    fn load(&self) -> Result<(), Failure> {
        behavior::register_condition("has-disguise")?;
        behavior::register_condition("is-player-disguised")?;
        behavior::register_effect("raise-suspicion")?;
        log::info("stealth is loaded", &[("conditions", &2), ("effects", &1)]);
        Ok(())
    }
}

impl Conditions for Stealth {
    fn evaluate(&self, name: &str, subject: &Subject, params: &Params) -> Result<bool, Failure> {
        match name {
            "has-disguise" => Ok(disguise::worn(params.find("item")?)?.is_some()),
            "is-player-disguised" => {
                Ok(disguise::worn(None)?.is_some() && !suspicion::sees_through(subject.npc()?)?)
            }
            other => Err(Failure::unknown(other)),
        }
    }
}

impl Effects for Stealth {
    fn apply(&self, name: &str, subject: &Subject, params: &Params) -> Result<(), Failure> {
        match name {
            "raise-suspicion" => suspicion::raise(params.get("amount")?, subject.npc.as_deref()),
            other => Err(Failure::unknown(other)),
        }
    }
}

portcullis_sdk::plugin!(Stealth: lifecycle, conditions, effects);
