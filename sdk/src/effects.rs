//! Effects of NPC behaviour. Permission: `behavior:extend_effects`.

use crate::{Failure, Params, Subject};

crate::bindings::export!("provides-effects");

/// Applies the effects that the plugin contributes.
pub trait Effects {
    /// Applies the effect `name` to the subject. What it changed lasts once it has returned; a failure changes nothing and the effect is
    /// skipped. For a name that the plugin does not know it is [`Failure::unknown`].
    fn apply(&self, name: &str, subject: &Subject, params: &Params) -> Result<(), Failure>;
}

impl<T: Effects + Default> bindings::exports::portcullis::plugin::effects::Guest for T {
    fn apply(name: String, subject: Subject, params: String) -> Result<(), String> {
        Ok(Effects::apply(
            &T::default(),
            &name,
            &subject,
            &Params::parse(&params)?,
        )?)
    }
}
