//! Goes through its life in order and tells each step. It registers one of each kind and leaves the second of each out. Tests embed it
//! under other manifests too: a permission that it holds tells it which step to fail.

use portcullis_sdk::prelude::*;

#[derive(Default)]
struct Orderly;

/// Fails, or never ends, if the grant holds the permission.
fn step(name: &str, fails_with: &str, hangs_with: &str) -> Result<(), Failure> {
    log::info(name, &[]);
    if permissions::has(hangs_with) {
        loop {
            std::hint::spin_loop();
        }
    }
    match permissions::has(fails_with) {
        true => Err(Failure::new(format!("`{name}` fails on purpose"))),
        false => Ok(()),
    }
}

impl Lifecycle for Orderly {
    fn load(&self) -> Result<(), Failure> {
        behavior::register_condition("first-condition")?;
        behavior::register_effect("first-effect")?;
        behavior::register_provider("first-provider")?;
        step("load", "", "")
    }

    fn enable(&self) -> Result<(), Failure> {
        step("enable", "world:read", "npc:read")
    }

    fn disable(&self) -> Result<(), Failure> {
        step("disable", "session:read", "session:write")
    }

    fn stop(&self) -> Result<(), Failure> {
        step("stop", "session:read", "session:write")
    }
}

impl Conditions for Orderly {
    fn evaluate(&self, name: &str, _subject: &Subject, _params: &Params) -> Result<bool, Failure> {
        log::info(name, &[]);
        Ok(true)
    }
}

impl Effects for Orderly {
    fn apply(&self, name: &str, _subject: &Subject, params: &Params) -> Result<(), Failure> {
        log::info(name, &[("params", &params.as_value())]);
        Ok(())
    }
}

impl Simulation for Orderly {
    fn provide(&self, name: &str, _subject: &Subject) -> Result<Value, Failure> {
        Ok(json!({ "provider": name, "orderly": true }))
    }
}

impl Candidates for Orderly {
    fn propose(&self, name: &str, _subject: &Subject) -> Result<Vec<Activity>, Failure> {
        Ok(vec![Activity::new(name)])
    }
}

impl Scoring for Orderly {
    fn rescore(
        &self,
        _name: &str,
        _subject: &Subject,
        candidates: &[Candidate],
    ) -> Result<Vec<Override>, Failure> {
        Ok(candidates.iter().map(|one| one.times(1.0)).collect())
    }
}

portcullis_sdk::plugin!(Orderly: lifecycle, conditions, effects, simulation, candidates, scoring);
