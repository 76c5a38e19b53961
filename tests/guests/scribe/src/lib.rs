//! Writes down what it sees at the hook points of an agent, and does there what its configuration says.

use portcullis_sdk::prelude::*;
use portcullis_sdk::{config, kv};

#[derive(Default)]
struct Scribe;

impl Hooks for Scribe {
    fn handle(&self, _name: &str, subject: &Subject, hook: Hook) -> Result<Decision, Failure> {
        let number = kv::increment("count", 1)?;
        let seen = json!({
            "point": hook.point(),
            "world": subject.world,
            "session": subject.session,
            "data": hook.data::<Value>()?,
        });
        kv::set(&format!("seen/{number:04}"), &seen)?;
        let told = |what: &str| {
            let told = config::get::<Value>(what)?.unwrap_or_default();
            Ok::<_, Failure>(told.get(hook.point()).cloned())
        };
        if let Some(reason) = told("block")? {
            return Ok(Decision::block(reason.as_str().unwrap_or_default()));
        }
        match told("change")? {
            Some(patch) => Decision::change(&patch),
            None => Ok(Decision::proceed()),
        }
    }
}

portcullis_sdk::plugin!(Scribe: hooks);
