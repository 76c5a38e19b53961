//! What travels on a bus.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::EventSubject;
use crate::identity::CallId;
use crate::manifest::PluginId;
use crate::subject::Subject;

/// An event on its way. All but its subject and payload is the host's word: no plugin can set it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What it is about.
    pub subject: EventSubject,
    /// A JSON text of at most 64 KiB, nested at most 64 levels.
    pub payload: Arc<str>,
    /// Who emitted it.
    pub source: Source,
    /// Whom the emitting call was about: handlers are called about the same.
    pub about: Subject,
    /// How many events led to it, itself included: 1 for one that no event brought about.
    pub hops: u32,
    /// Where a reply goes, if one is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<EventSubject>,
}

/// Who emitted an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A plugin, in a call.
    Plugin {
        /// The plugin.
        plugin: PluginId,
        /// The call.
        call: CallId,
    },
    /// The host, or a part of it with this name.
    Host(Arc<str>),
}

impl fmt::Display for Source {
    /// As plugins see it: `plugin:<id>` or `host:<name>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plugin { plugin, .. } => write!(f, "plugin:{plugin}"),
            Self::Host(name) => write!(f, "host:{name}"),
        }
    }
}

/// An event that a call wants to emit. It is published when the call has returned and its changes are committed, and never otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emission {
    /// What it is about.
    pub subject: EventSubject,
    /// A JSON text.
    pub payload: Arc<str>,
}
