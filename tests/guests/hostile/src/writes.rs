//! Guests that write and then do not return well, or write too much.

use portcullis_sdk::prelude::*;

use crate::{ends, time};

/// What the guests below write before they fail. A test that finds this flag set has found a half-done call.
const MARK: &str = "mark";

pub fn then_trap() -> Result<bool, Failure> {
    session::set_flag(MARK, &"trap")?;
    ends::unreachable()
}

pub fn then_error() -> Result<bool, Failure> {
    session::set_flag(MARK, &"error")?;
    Err("the plugin fails on purpose".into())
}

pub fn then_loop() -> Result<bool, Failure> {
    session::set_flag(MARK, &"loop")?;
    time::loop_forever()
}

/// Sets `n` flags (100,000 where nothing is said) of `bytes` bytes each (1,000), and stops at the first refusal.
pub fn many(params: &Params) -> Result<bool, Failure> {
    let value = "x".repeat(params.find("bytes")?.unwrap_or(1000));
    for index in 0..params.find("n")?.unwrap_or(100_000u32) {
        session::set_flag(&format!("many/{index}"), &value)?;
    }
    Ok(true)
}

/// Sets a flag of `bytes` bytes, 1 MiB where nothing is said. True if the host took it.
pub fn huge_flag(params: &Params) -> Result<bool, Failure> {
    let value = "x".repeat(params.find("bytes")?.unwrap_or(1024 * 1024));
    match session::set_flag("huge", &value) {
        Ok(()) => Ok(true),
        Err(Error::Invalid(_) | Error::OverBudget) => Ok(false),
        Err(other) => Err(other.into()),
    }
}
