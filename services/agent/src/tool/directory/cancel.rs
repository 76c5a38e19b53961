//! Telling work in another thread that nobody waits for it any more.

use std::sync::{Arc, Weak};

use crate::tool::ToolError;

/// What the work looks at.
pub(super) struct Cancel(Weak<()>);

/// What whoever waits for the work holds.
pub(super) struct Waits(#[allow(dead_code, reason = "it only has to be there")] Arc<()>);

impl Cancel {
    pub(super) fn pair() -> (Self, Waits) {
        let waits = Arc::new(());
        (Self(Arc::downgrade(&waits)), Waits(waits))
    }

    /// Ends the work if nobody waits for it.
    ///
    /// # Errors
    /// Nobody does; nobody reads this either.
    pub(super) fn check(&self) -> Result<(), ToolError> {
        match self.0.strong_count() {
            0 => Err(ToolError::new("nobody waits for it")),
            _ => Ok(()),
        }
    }
}
