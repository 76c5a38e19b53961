//! What a capability answers when it does not do what was asked, and what ends a call from within the host.

use std::fmt;

use super::types;
use crate::receipt::{Denial, Outcome};

/// Why a capability's function does not answer with a value.
#[derive(Debug)]
pub enum RoomError {
    /// The plugin gets this error and goes on.
    Answer(types::Error),
    /// The call ends.
    End(Ended),
}

impl RoomError {
    /// The argument is malformed; the text names it and its limit.
    pub fn invalid(what: impl Into<String>) -> Self {
        Self::Answer(types::Error::Invalid(what.into()))
    }

    /// There is no such thing inside the call's subject.
    pub fn not_found() -> Self {
        Self::Answer(types::Error::NotFound)
    }

    /// The host could not serve the request.
    pub fn unavailable() -> Self {
        Self::Answer(types::Error::Unavailable)
    }

    /// A budget of the call is used up, and the plugin may go on without.
    pub fn over_budget() -> Self {
        Self::Answer(types::Error::OverBudget)
    }

    /// For `bindgen!`'s error conversion: what the plugin gets, or the trap that ends the call.
    pub fn into_answer(self) -> wasmtime::Result<types::Error> {
        match self {
            Self::Answer(error) => Ok(error),
            Self::End(ended) => Err(ended.into()),
        }
    }
}

/// Why the host ended a call. It travels through the plugin as a trap.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// The wall time ran out.
    TimedOut,
    /// The plugin used what it was not granted, and the policy is to raise.
    Denied(Denial),
    /// More of the named space was asked for than the limit allows.
    OutOfMemory(&'static str),
    /// The named budget ran out.
    OverBudget(&'static str),
}

impl Ended {
    /// The outcome of a call that ended so.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::TimedOut => Outcome::TimedOut,
            Self::Denied(_) => Outcome::Denied,
            Self::OutOfMemory(_) => Outcome::OutOfMemory,
            Self::OverBudget(_) => Outcome::OverBudget,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the wall time ran out"),
            Self::Denied(denial) => denial.fmt(f),
            Self::OutOfMemory(space) => write!(f, "more {space} than the limit allows"),
            Self::OverBudget(budget) => write!(f, "the budget of {budget} ran out"),
        }
    }
}

impl std::error::Error for Ended {}
