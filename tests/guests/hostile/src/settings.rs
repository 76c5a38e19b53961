//! Simulation providers: one that works, and one for each way not to.

use portcullis_sdk::prelude::*;

use crate::{Hostile, ends, time};

impl Simulation for Hostile {
    fn provide(&self, name: &str, subject: &Subject) -> Result<Value, Failure> {
        match name {
            "settings" => Ok(json!({ "world": subject.world, "hostile": true })),
            "settings-not-an-object" => Ok(json!([1, 2, 3])),
            "settings-error" => Err("the plugin fails on purpose".into()),
            "settings-trap" => ends::unreachable(),
            "settings-loop" => time::loop_forever(),
            other => Err(Failure::unknown(other)),
        }
    }
}
