//! Providers of activities.

use portcullis_sdk::prelude::*;

use crate::{Director, fail, never_return, trap};

impl Candidates for Director {
    fn propose(&self, name: &str, subject: &Subject) -> Result<Vec<Activity>, Failure> {
        let dance = Activity::new("dance");
        Ok(match name {
            "shows" => vec![
                Activity::new("dance")
                    .at("market")
                    .score(2.0)
                    .effect("cheer", json!({ "npc": subject.npc()? }))
                    .effect("tire", json!({ "by": 2 })),
                Activity::new("sing").score(0.0),
            ],
            "rests" => vec![Activity::new("nap").at("nowhere").score(0.5)],
            "nothing" => Vec::new(),

            "fails" => return fail(),
            "traps" => trap(),
            "loops" => never_return(),

            "score-not-a-number" => vec![dance.score(f64::NAN)],
            "score-infinite" => vec![dance.score(f64::INFINITY)],
            "score-negative" => vec![dance.score(-0.5)],
            "name-empty" => vec![Activity::new("")],
            "name-long" => vec![Activity::new("x".repeat(129))],
            "name-of-two-lines" => vec![Activity::new("dance\ndance")],
            "location-empty" => vec![dance.at("")],
            "effect-foreign" => {
                vec![dance.effect("effect:plugin:stealth:raise-suspicion", json!({}))]
            }
            "effect-of-the-host" => vec![dance.effect("core:move-to", json!({}))],
            "params-not-an-object" => vec![dance.effect("cheer", json!([1]))],
            "too-many-activities" => vec![dance; 17],
            "too-many-effects" => {
                vec![(0..17).fold(dance, |dance, _| dance.effect("cheer", json!({})))]
            }
            other => return Err(Failure::unknown(other)),
        })
    }
}
