//! Settings of the simulation. Permission: `behavior:configure_simulation`.

use crate::{Failure, Subject, Value};

crate::bindings::export!("provides-simulation");

/// Provides the settings that the plugin contributes.
pub trait Simulation {
    /// The settings that the provider `name` wants for the subject's world: a JSON object, best written with [`json!`](crate::json). Where
    /// two providers set the same key, the one with the higher priority wins. A provider that fails is skipped.
    fn provide(&self, name: &str, subject: &Subject) -> Result<Value, Failure>;
}

impl<T: Simulation + Default> bindings::exports::portcullis::plugin::simulation::Guest for T {
    fn provide(name: String, subject: Subject) -> Result<String, String> {
        Ok(Simulation::provide(&T::default(), &name, &subject)?.to_string())
    }
}
