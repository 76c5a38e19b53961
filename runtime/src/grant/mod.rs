//! Deciding what a plugin may do. [`Grant::decide`] is pure, and the only way to a [`Grant`].

mod decide;
mod explanation;
mod extensions;
mod held;
mod imports;
mod level;
mod permissions;
mod policy;
#[cfg(test)]
mod tests;

pub use decide::GrantError;
pub use explanation::{
    Decision, Explanation, ExtensionDecision, ImportDecision, Linking, PermissionDecision, Refusal,
};
pub use held::{Grant, Held};
pub use level::{SecurityLevel, SecurityLevelError};
pub use policy::{Consent, Instances, OnDenied, Policy};
