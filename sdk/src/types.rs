//! The shapes that several interfaces share.

use std::fmt;

// Generated from `types.wit` alone: in view of the whole package the generator would write an `Error` that displays as its debug form.
#[allow(missing_docs, unreachable_pub, clippy::all)]
mod bindings {
    wit_bindgen::generate!({
        inline: "package portcullis:sdk; world shared-types { import portcullis:plugin/types@0.1.0; }",
        path: "wit/types.wit",
        additional_derives: [PartialEq, Eq, Hash],
        generate_unused_types: true,
        generate_all,
    });
}

pub use bindings::portcullis::plugin::types::{Error, Subject};

use crate::Failure;

impl Subject {
    /// The session of the call, or a failure that says that there is none.
    pub fn session(&self) -> Result<&str, Failure> {
        self.session
            .as_deref()
            .ok_or_else(|| Failure::new("this needs a call that belongs to a session"))
    }

    /// The NPC that the call is about, or a failure that says that there is none.
    pub fn npc(&self) -> Result<&str, Failure> {
        self.npc
            .as_deref()
            .ok_or_else(|| Failure::new("this needs a call that is about an NPC"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Denied(what) => write!(f, "denied: the grant does not hold {what}"),
            Error::NotFound => f.write_str("not found"),
            Error::Invalid(why) => write!(f, "invalid request: {why}"),
            Error::Unavailable => f.write_str("the host cannot serve this now"),
            Error::OverBudget => f.write_str("a budget of this call is used up"),
        }
    }
}

impl std::error::Error for Error {}
