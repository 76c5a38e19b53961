//! Registers in `load` conditions that its manifest does not contribute.

use portcullis_sdk::prelude::*;

#[derive(Default)]
struct GreedyLoad;

impl Lifecycle for GreedyLoad {
    fn load(&self) -> Result<(), Failure> {
        behavior::register_condition("listed")?;
        for name in ["unlisted", "", "listed ", "plugin:stealth:has-disguise"] {
            if behavior::register_condition(name).is_ok() {
                // The host took what it must not take: go on to serve, so that a test sees the name in the registry.
                return Ok(());
            }
        }
        Ok(behavior::register_condition("unlisted")?)
    }
}

impl Conditions for GreedyLoad {
    fn evaluate(&self, _name: &str, _subject: &Subject, _params: &Params) -> Result<bool, Failure> {
        Ok(true)
    }
}

portcullis_sdk::plugin!(GreedyLoad: lifecycle, conditions);
