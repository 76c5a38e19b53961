//! Register what the plugin offers, while [`Lifecycle::load`](crate::lifecycle::Lifecycle::load) runs.
//!
//! A plugin without a lifecycle is registered from its manifest. One that has a lifecycle offers what it registers here, which is a part
//! of what its manifest contributes: `denied` for another name, `invalid` outside of `load`.

use crate::Error;

crate::bindings::import!("uses-behavior-extend");

use bindings::portcullis::plugin as host;

/// Offers a condition as `plugin:<id>:<name>`. Permission: `behavior:extend_conditions`.
pub fn register_condition(name: &str) -> Result<(), Error> {
    host::extend_conditions::register_condition(name)
}

/// Offers an effect as `effect:plugin:<id>:<name>`. Permission: `behavior:extend_effects`.
pub fn register_effect(name: &str) -> Result<(), Error> {
    host::extend_effects::register_effect(name)
}

/// Offers what the manifest contributes to `simulation`, `candidates` and `scoring` under this name. Permission: `behavior:configure_simulation`.
pub fn register_provider(name: &str) -> Result<(), Error> {
    host::configure_simulation::register_provider(name)
}
