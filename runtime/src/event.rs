//! What happens to plugins: they come and go, fail, are refused something, and are disabled. For an operator's log, page by page.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::identity::{CallId, Identity};

/// Something that happened to a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// What.
    pub kind: EventKind,
    /// The plugin.
    #[serde(flatten)]
    pub plugin: Identity,
    /// The call in which it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    /// What to know about it, in one line. Holds no secret of the plugin's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// The plugin was loaded, or took the place of an older one.
    Loaded,
    /// An operator, or the host, let it serve.
    Enabled,
    /// An operator, or the host, lets it serve no longer.
    Disabled,
    /// It was unloaded.
    Unloaded,
    /// A call of it failed, or it could not be woken.
    Failed,
    /// It was refused something in a call.
    Denied,
    /// The crash-loop guard disabled it.
    Tripped,
    /// The crash-loop guard lets it serve on trial, after an operator enabled it again.
    Probation,
    /// It passed its trial.
    Recovered,
    /// It was put to sleep, because nobody had called it for a while.
    Asleep,
    /// It was woken: it is compiled, loaded and enabled.
    Awake,
}

impl EventKind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 11] = [
        Self::Loaded,
        Self::Enabled,
        Self::Disabled,
        Self::Unloaded,
        Self::Failed,
        Self::Denied,
        Self::Tripped,
        Self::Probation,
        Self::Recovered,
        Self::Asleep,
        Self::Awake,
    ];

    /// The kind's name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Unloaded => "unloaded",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Tripped => "tripped",
            Self::Probation => "probation",
            Self::Recovered => "recovered",
            Self::Asleep => "asleep",
            Self::Awake => "awake",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Takes events. Called where things happen, so it should not block; one that panics is logged and ignored.
pub trait EventSink: Send + Sync + 'static {
    /// Takes note of an event.
    fn event(&self, event: &Event);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_match_their_json() {
        for kind in EventKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
