//! Festivals: while one is on, people dance where there is a stage, and whatever takes place there draws them.

use portcullis_sdk::prelude::*;

/// The name of all that this plugin contributes.
const NAME: &str = "festival";

/// How many stages are danced at: a plugin may propose 16 activities.
const MOST_STAGES: usize = 16;

#[derive(Default)]
struct Festival;

impl Lifecycle for Festival {
    fn load(&self) -> Result<(), Failure> {
        // One name, three contributions: settings, activities and scores.
        behavior::register_provider(NAME)?;
        Ok(behavior::register_effect("cheer")?)
    }
}

impl Simulation for Festival {
    fn provide(&self, name: &str, _subject: &Subject) -> Result<Value, Failure> {
        check(name)?;
        let weight = if is_on()? { 1.0 } else { 0.0 };
        Ok(json!({ "festival_weight": weight }))
    }
}

impl Candidates for Festival {
    fn propose(&self, name: &str, subject: &Subject) -> Result<Vec<Activity>, Failure> {
        check(name)?;
        if !is_on()? || npc::get(subject.npc()?)?.has_tag("guard") {
            return Ok(Vec::new());
        }
        let stages = stages()?.into_iter().take(MOST_STAGES);
        Ok(stages.map(dance).collect())
    }
}

impl Scoring for Festival {
    fn rescore(
        &self,
        name: &str,
        _subject: &Subject,
        candidates: &[Candidate],
    ) -> Result<Vec<Override>, Failure> {
        check(name)?;
        if !is_on()? {
            return Ok(Vec::new());
        }
        let stages = stages()?;
        let at_a_stage = |one: &&Candidate| {
            let location = one.location.as_ref();
            location.is_some_and(|location| stages.contains(location))
        };
        let drawn = candidates.iter().filter(at_a_stage);
        Ok(drawn.map(|one| one.times(2.0)).collect())
    }
}

impl Effects for Festival {
    fn apply(&self, name: &str, subject: &Subject, params: &Params) -> Result<(), Failure> {
        match name {
            "cheer" => cheer(subject.npc()?, params.get("by")?),
            other => Err(Failure::unknown(other)),
        }
    }
}

fn check(name: &str) -> Result<(), Failure> {
    match name {
        NAME => Ok(()),
        other => Err(Failure::unknown(other)),
    }
}

fn is_on() -> Result<bool, Failure> {
    Ok(world::config("festival")?.unwrap_or(false))
}

/// The ids of the locations with a stage.
fn stages() -> Result<Vec<String>, Failure> {
    let mut locations = world::locations()?;
    locations.retain(|location| location.tags.iter().any(|tag| tag == "stage"));
    Ok(locations.into_iter().map(|location| location.id).collect())
}

fn dance(stage: String) -> Activity {
    Activity::new("dance")
        .at(stage)
        .score(2.0)
        .effect("cheer", json!({ "by": 2 }))
}

/// A mood lies between 0 and 100.
fn cheer(npc: &str, by: i64) -> Result<(), Failure> {
    let mood = npc::attribute::<i64>(npc, "mood")?.unwrap_or(50);
    let mood = mood.saturating_add(by).clamp(0, 100);
    Ok(npc::set_attribute(npc, "mood", &mood)?)
}

portcullis_sdk::plugin!(Festival: lifecycle, simulation, candidates, scoring, effects);
