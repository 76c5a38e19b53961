//! What a plugin does when its state changes.

use crate::Failure;

crate::bindings::export!("provides-lifecycle" without types);

/// Steps of a plugin's life; each has a default that does nothing. Every step runs on an instance of its own, so what is to last belongs in
/// the host's stores.
pub trait Lifecycle {
    /// Runs once an activation, before anything else of the plugin; registers with [`behavior`](crate::behavior) what the plugin offers. A
    /// failure refuses the plugin.
    fn load(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// The plugin begins to serve.
    fn enable(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// The plugin no longer serves; it may be enabled again.
    fn disable(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// The plugin is unloaded.
    fn stop(&self) -> Result<(), Failure> {
        Ok(())
    }
}

impl<T: Lifecycle + Default> bindings::exports::portcullis::plugin::lifecycle::Guest for T {
    fn load() -> Result<(), String> {
        Ok(Lifecycle::load(&T::default())?)
    }

    fn enable() -> Result<(), String> {
        Ok(Lifecycle::enable(&T::default())?)
    }

    fn disable() -> Result<(), String> {
        Ok(Lifecycle::disable(&T::default())?)
    }

    fn stop() -> Result<(), String> {
        Ok(Lifecycle::stop(&T::default())?)
    }
}
