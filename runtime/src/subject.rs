//! Whom a call is about. The host sets it; everything that a plugin reads or changes in the call is confined to it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::log_record::escape;

/// How much is shown of an id, in bytes: a host's ids may be its users' words.
const MAX_SHOWN: usize = 256;

/// The world, session, NPC and caller of one call. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subject(Arc<Parts>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
struct Parts {
    world: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    npc: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<Arc<str>>,
}

impl Subject {
    /// A call about nothing in particular, such as `lifecycle.load`.
    pub fn none() -> Self {
        Self::default()
    }

    /// A call about a world.
    pub fn world(world: impl Into<Arc<str>>) -> Self {
        Self(Arc::new(Parts {
            world: world.into(),
            ..Parts::default()
        }))
    }

    /// The same call, in a session of the world.
    #[must_use]
    pub fn session(mut self, session: impl Into<Arc<str>>) -> Self {
        Arc::make_mut(&mut self.0).session = Some(session.into());
        self
    }

    /// The same call, about an NPC of the world.
    #[must_use]
    pub fn npc(mut self, npc: impl Into<Arc<str>>) -> Self {
        Arc::make_mut(&mut self.0).npc = Some(npc.into());
        self
    }

    /// The same call, made on behalf of `caller` (a user, a component of the host, another plugin).
    #[must_use]
    pub fn caller(mut self, caller: impl Into<Arc<str>>) -> Self {
        Arc::make_mut(&mut self.0).caller = Some(caller.into());
        self
    }

    /// The world's id; empty for a call about no world.
    pub fn world_id(&self) -> &Arc<str> {
        &self.0.world
    }

    /// The session's id.
    pub fn session_id(&self) -> Option<&Arc<str>> {
        self.0.session.as_ref()
    }

    /// The NPC's id.
    pub fn npc_id(&self) -> Option<&Arc<str>> {
        self.0.npc.as_ref()
    }

    /// On whose behalf the call is made.
    pub fn caller_id(&self) -> Option<&Arc<str>> {
        self.0.caller.as_ref()
    }

    /// Whether the subject has the part that an extension requires: `world`, `session` or `npc`.
    pub fn has(&self, part: Context) -> bool {
        match part {
            Context::World => !self.0.world.is_empty(),
            Context::Session => self.0.session.is_some(),
            Context::Npc => self.0.npc.is_some(),
        }
    }
}

/// For people: ids are shown as far as they are plain, so that none breaks out of its line.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("world", Some(&self.0.world).filter(|id| !id.is_empty())),
            ("session", self.0.session.as_ref()),
            ("npc", self.0.npc.as_ref()),
            ("caller", self.0.caller.as_ref()),
        ];
        let mut separator = "";
        for (kind, id) in parts {
            if let Some(id) = id {
                write!(f, "{separator}{kind}={}", escape(id, MAX_SHOWN))?;
                separator = " ";
            }
        }
        if separator.is_empty() {
            f.write_str("-")
        } else {
            Ok(())
        }
    }
}

/// A part of a subject that a contribution may require.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Context {
    /// The call is about a world.
    World,
    /// The call belongs to a session.
    Session,
    /// The call is about an NPC.
    Npc,
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::World => "world",
            Self::Session => "session",
            Self::Npc => "NPC",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves C7: a subject is one line, whatever the ids in it are; as JSON it is as it was.
    #[test]
    fn ids_do_not_break_out_of_a_line() {
        let subject = Subject::world("a\nb")
            .session("\u{1b}[31m")
            .npc("\u{202e}c");
        let shown = subject.to_string();
        assert_eq!(shown, "world=a\\nb session=\\u{1b}[31m npc=\\u{202e}c");
        assert!(Subject::world("w".repeat(1_000)).to_string().len() < 300);
        let json = serde_json::to_string(&subject).unwrap_or_default();
        assert_eq!(serde_json::from_str(&json).ok(), Some(subject));
    }
}
