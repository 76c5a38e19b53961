//! A point of a host's own, with a type of the plugin's own.

use portcullis_sdk::hooks::{Hook, Point, Verdict};
use portcullis_sdk::prelude::*;
use serde::{Deserialize, Serialize};

/// What the plugin needs of the data. It leaves what it does not name alone.
#[derive(Serialize, Deserialize)]
struct Watered {
    litres: f64,
}

impl Point for Watered {
    const NAME: &'static str = "garden.watered";
}

/// Twice as much.
pub fn water_more(hook: &Hook) -> Result<Decision, Failure> {
    hook.on(|mut watered: Watered| {
        watered.litres *= 2.0;
        Ok(Verdict::Change(watered))
    })
}
