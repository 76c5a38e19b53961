//! Overrides of scores.

use portcullis_sdk::prelude::*;

use crate::{Director, fail, never_return, trap};

impl Scoring for Director {
    fn rescore(
        &self,
        name: &str,
        _subject: &Subject,
        candidates: &[Candidate],
    ) -> Result<Vec<Override>, Failure> {
        let each = |score: fn(&Candidate) -> f64| {
            Ok(candidates.iter().map(|one| one.set(score(one))).collect())
        };
        match name {
            "doubles" => each(|one| 2.0 * one.score),
            "tenfold" => each(|one| 10.0 * one.score),
            "likes-the-market" => Ok(candidates
                .iter()
                .filter(|one| one.location.as_deref() == Some("market"))
                .map(|one| one.times(3.0))
                .collect()),
            "unknown-activities" => Ok(vec![set("plugin:stealth:hide", 9.0)]),
            "twice" => Ok(vec![set("work", 4.0), set("work", 5.0)]),
            "nothing" => Ok(Vec::new()),

            "fails" => fail(),
            "traps" => trap(),
            "loops" => never_return(),

            "score-not-a-number" => each(|_| f64::NAN),
            "score-infinite" => each(|_| f64::INFINITY),
            "score-negative" => each(|_| -0.5),
            "activity-empty" => Ok(vec![set("", 1.0)]),
            // What stands before the broken one does not count either.
            "half-good" => Ok(vec![set("work", 7.0), set("work", -7.0)]),
            other => Err(Failure::unknown(other)),
        }
    }
}

fn set(activity: &str, score: f64) -> Override {
    Override {
        activity: activity.to_owned(),
        score,
    }
}
