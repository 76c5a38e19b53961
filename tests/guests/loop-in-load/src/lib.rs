//! Its `load` never returns.

use portcullis_sdk::prelude::*;

#[derive(Default)]
struct LoopInLoad;

impl Lifecycle for LoopInLoad {
    fn load(&self) -> Result<(), Failure> {
        loop {
            std::hint::black_box(());
        }
    }
}

impl Conditions for LoopInLoad {
    fn evaluate(&self, _name: &str, _subject: &Subject, _params: &Params) -> Result<bool, Failure> {
        Ok(true)
    }
}

portcullis_sdk::plugin!(LoopInLoad: lifecycle, conditions);
