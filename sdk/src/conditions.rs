//! Conditions for NPC behaviour. Permission: `behavior:extend_conditions`.

use crate::{Failure, Params, Subject};

crate::bindings::export!("provides-conditions");

/// Answers the conditions that the plugin contributes.
pub trait Conditions {
    /// Whether the condition `name` holds for the subject. A failure counts as false; for a name that the plugin does not know it is
    /// [`Failure::unknown`].
    fn evaluate(&self, name: &str, subject: &Subject, params: &Params) -> Result<bool, Failure>;
}

impl<T: Conditions + Default> bindings::exports::portcullis::plugin::conditions::Guest for T {
    fn evaluate(name: String, subject: Subject, params: String) -> Result<bool, String> {
        Ok(Conditions::evaluate(
            &T::default(),
            &name,
            &subject,
            &Params::parse(&params)?,
        )?)
    }
}
