//! What the store keeps, one by one: what carries a version and has a history.

use std::fmt;
use std::sync::Arc;

use portcullis::PluginId;
use portcullis::write_set::Document;
use serde::{Deserialize, Serialize};

/// Names one document of a store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Item {
    /// A workspace.
    Workspace {
        /// Its id.
        workspace: Arc<str>,
    },
    /// A world without its NPCs and sessions.
    World {
        /// Its id.
        world: Arc<str>,
    },
    /// An NPC.
    Npc {
        /// The world's id.
        world: Arc<str>,
        /// Its id.
        npc: Arc<str>,
    },
    /// A session.
    Session {
        /// The world's id.
        world: Arc<str>,
        /// Its id.
        session: Arc<str>,
    },
    /// One key of a plugin's key-value store.
    Kv {
        /// The plugin.
        plugin: PluginId,
        /// The key.
        key: Arc<str>,
    },
    /// A text generation job of a plugin.
    Generation {
        /// The plugin.
        plugin: PluginId,
        /// The job's id.
        job: Arc<str>,
    },
}

impl Item {
    /// The item that a call's document is; `None` for what this store does not keep.
    pub fn of_document(document: &Document) -> Option<Self> {
        Some(match document.clone() {
            Document::Session { world, session } => Self::Session { world, session },
            Document::Npc { world, npc } => Self::Npc { world, npc },
            Document::Kv { plugin, key } => Self::Kv { plugin, key },
            Document::Generation { plugin, job } => Self::Generation { plugin, job },
            _ => return None,
        })
    }

    pub(crate) fn world(world: &str) -> Self {
        Self::World {
            world: world.into(),
        }
    }

    pub(crate) fn npc(world: &str, npc: &str) -> Self {
        Self::Npc {
            world: world.into(),
            npc: npc.into(),
        }
    }

    pub(crate) fn session(world: &str, session: &str) -> Self {
        Self::Session {
            world: world.into(),
            session: session.into(),
        }
    }

    pub(crate) fn workspace(workspace: &str) -> Self {
        Self::Workspace {
            workspace: workspace.into(),
        }
    }

    pub(crate) fn kv(plugin: &PluginId, key: &str) -> Self {
        Self::Kv {
            plugin: plugin.clone(),
            key: key.into(),
        }
    }

    pub(crate) fn generation(plugin: &PluginId, job: &str) -> Self {
        Self::Generation {
            plugin: plugin.clone(),
            job: job.into(),
        }
    }

    /// `workspace`, `world`, `npc`, `session`, `kv` or `generation`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Workspace { .. } => "workspace",
            Self::World { .. } => "world",
            Self::Npc { .. } => "npc",
            Self::Session { .. } => "session",
            Self::Kv { .. } => "kv",
            Self::Generation { .. } => "generation",
        }
    }

    /// Where it belongs: the id of a workspace, a world or a plugin.
    pub fn owner(&self) -> &str {
        match self {
            Self::Workspace { workspace } => workspace,
            Self::World { world } | Self::Npc { world, .. } | Self::Session { world, .. } => world,
            Self::Kv { plugin, .. } | Self::Generation { plugin, .. } => plugin.as_str(),
        }
    }

    /// Its id or key within its owner; empty for a world or a workspace itself.
    pub fn id(&self) -> &str {
        match self {
            Self::Workspace { .. } | Self::World { .. } => "",
            Self::Npc { npc: id, .. }
            | Self::Session { session: id, .. }
            | Self::Kv { key: id, .. }
            | Self::Generation { job: id, .. } => id,
        }
    }

    /// The item with this kind, owner and id; `None` if there is no such kind or the owner is no plugin id.
    pub(crate) fn of_parts(kind: &str, owner: &str, id: &str) -> Option<Self> {
        Some(match kind {
            "workspace" => Self::workspace(owner),
            "world" => Self::world(owner),
            "npc" => Self::npc(owner, id),
            "session" => Self::session(owner, id),
            "kv" => Self::kv(&owner.parse().ok()?, id),
            "generation" => Self::generation(&owner.parse().ok()?, id),
            _ => return None,
        })
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workspace { workspace } => write!(f, "workspace {workspace:?}"),
            Self::World { world } => write!(f, "world {world:?}"),
            _ => write!(f, "{} {:?} of {:?}", self.kind(), self.id(), self.owner()),
        }
    }
}
