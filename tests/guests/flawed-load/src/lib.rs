//! Its `load` fails, so the host refuses the plugin.

use portcullis_sdk::prelude::*;

#[derive(Default)]
struct FlawedLoad;

impl Lifecycle for FlawedLoad {
    fn load(&self) -> Result<(), Failure> {
        Err("the stars are not right".into())
    }
}

impl Conditions for FlawedLoad {
    fn evaluate(&self, _name: &str, _subject: &Subject, _params: &Params) -> Result<bool, Failure> {
        Ok(true)
    }
}

portcullis_sdk::plugin!(FlawedLoad: lifecycle, conditions);
