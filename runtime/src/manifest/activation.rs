//! When a plugin is made ready to be called.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When a plugin is compiled, loaded and enabled. Whatever it says, the plugin is decided about when a host loads it, and what its manifest
/// contributes is registered then: a plugin that is asleep is found like any other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// When the host loads it.
    #[default]
    StartUp,
    /// When it is first called, in whatever way. The call waits for it.
    FirstUse,
    /// When the host first comes to it by itself, because of something that happened: a hook or an event. Any other call does not run
    /// while it is asleep.
    FirstMatch,
}

impl Activation {
    /// The name, as in a manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StartUp => "start-up",
            Self::FirstUse => "first-use",
            Self::FirstMatch => "first-match",
        }
    }

    /// What makes it ready, in words.
    pub fn waits_for(self) -> &'static str {
        match self {
            Self::StartUp => "start-up",
            Self::FirstUse => "first use",
            Self::FirstMatch => "first match",
        }
    }

    /// Whether a plugin of this kind can be asleep.
    pub fn can_sleep(self) -> bool {
        self != Self::StartUp
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
