//! What stands behind an item.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use portcullis::capability::port::Versioned;
use portcullis::write_set::Version;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::document::{NpcDocument, SessionDocument, WorldDocument};
use crate::item::Item;
use crate::job::JobDocument;
use crate::kv::KvDocument;

/// A document with its version. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Workspace(Arc<Versioned<Value>>),
    World(Versioned<Arc<WorldDocument>>),
    Npc(Arc<Versioned<NpcDocument>>),
    Session(Arc<Versioned<SessionDocument>>),
    Kv(Arc<Versioned<KvDocument>>),
    Generation(Arc<Versioned<JobDocument>>),
}

/// Changed items: what stands there after the change, `None` where nothing does.
pub(crate) type Layer = BTreeMap<Item, Option<Content>>;

/// Does `$do` with the versioned document of any content.
macro_rules! each {
    ($content:expr, $document:ident => $do:expr) => {
        match $content {
            Content::Workspace($document) => $do,
            Content::World($document) => $do,
            Content::Npc($document) => $do,
            Content::Session($document) => $do,
            Content::Kv($document) => $do,
            Content::Generation($document) => $do,
        }
    };
}

impl Content {
    pub(crate) fn version(&self) -> Version {
        each!(self, document => document.version)
    }

    pub(crate) fn set_version(&mut self, version: Version) {
        match self {
            Self::World(document) => document.version = version,
            Self::Workspace(document) => Arc::make_mut(document).version = version,
            Self::Npc(document) => Arc::make_mut(document).version = version,
            Self::Session(document) => Arc::make_mut(document).version = version,
            Self::Kv(document) => Arc::make_mut(document).version = version,
            Self::Generation(document) => Arc::make_mut(document).version = version,
        }
    }

    /// The document in JSON.
    pub(crate) fn text(&self) -> serde_json::Result<String> {
        each!(self, document => serde_json::to_string(&document.value))
    }

    /// Writes the document in JSON.
    pub(crate) fn write(&self, to: impl io::Write) -> serde_json::Result<()> {
        each!(self, document => serde_json::to_writer(to, &document.value))
    }

    /// Reads the document of an item.
    pub(crate) fn parse(item: &Item, version: Version, text: &str) -> serde_json::Result<Self> {
        Ok(match item {
            Item::Workspace { .. } => Self::Workspace(read(version, text)?),
            Item::World { .. } => Self::World(Versioned {
                version,
                value: serde_json::from_str(text)?,
            }),
            Item::Npc { .. } => Self::Npc(read(version, text)?),
            Item::Session { .. } => Self::Session(read(version, text)?),
            Item::Kv { .. } => Self::Kv(read(version, text)?),
            Item::Generation { .. } => Self::Generation(read(version, text)?),
        })
    }

    /// Whether the documents are the same, whatever their versions.
    pub(crate) fn same_document(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Workspace(a), Self::Workspace(b)) => a.value == b.value,
            (Self::World(a), Self::World(b)) => a.value == b.value,
            (Self::Npc(a), Self::Npc(b)) => a.value == b.value,
            (Self::Session(a), Self::Session(b)) => a.value == b.value,
            (Self::Kv(a), Self::Kv(b)) => a.value == b.value,
            (Self::Generation(a), Self::Generation(b)) => a.value == b.value,
            _ => false,
        }
    }

    pub(crate) fn world_mut(&mut self) -> Option<&mut WorldDocument> {
        match self {
            Self::World(document) => Some(Arc::make_mut(&mut document.value)),
            _ => None,
        }
    }

    pub(crate) fn npc_mut(&mut self) -> Option<&mut NpcDocument> {
        match self {
            Self::Npc(document) => Some(&mut Arc::make_mut(document).value),
            _ => None,
        }
    }

    pub(crate) fn session_mut(&mut self) -> Option<&mut SessionDocument> {
        match self {
            Self::Session(document) => Some(&mut Arc::make_mut(document).value),
            _ => None,
        }
    }

    pub(crate) fn workspace_mut(&mut self) -> Option<&mut Value> {
        match self {
            Self::Workspace(document) => Some(&mut Arc::make_mut(document).value),
            _ => None,
        }
    }

    pub(crate) fn job_mut(&mut self) -> Option<&mut JobDocument> {
        match self {
            Self::Generation(document) => Some(&mut Arc::make_mut(document).value),
            _ => None,
        }
    }
}

fn read<T: DeserializeOwned>(
    version: Version,
    text: &str,
) -> serde_json::Result<Arc<Versioned<T>>> {
    let value = serde_json::from_str(text)?;
    Ok(Arc::new(Versioned { version, value }))
}
