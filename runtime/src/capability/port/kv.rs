//! What `kv` asks of the host.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{PortError, Request, Versioned};
use crate::manifest::PluginId;

/// A question about a plugin's own key-value store. A store that was never written to is empty.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ask")]
pub enum KvRequest {
    /// One key. What has expired is not there.
    Get {
        /// The plugin whose store it is.
        plugin: PluginId,
        /// The key.
        key: Arc<str>,
    },
    /// Keys that begin with `prefix`, in the order of their bytes.
    List {
        /// The plugin whose store it is.
        plugin: PluginId,
        /// How the keys begin.
        prefix: String,
        /// Only keys after this one.
        after: Option<String>,
        /// At most this many.
        limit: u32,
    },
    /// How much the store holds.
    Usage {
        /// The plugin whose store it is.
        plugin: PluginId,
    },
}

/// The reply to a [`KvRequest`], of the same name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reply", content = "value")]
pub enum KvReply {
    /// The value, if the key is there; version 0 if it is not.
    Get(Versioned<Option<KvEntry>>),
    /// The keys.
    List(KvPage),
    /// How much the store holds.
    Usage(KvUsage),
}

impl Request for KvRequest {
    type Reply = KvReply;
    type Error = PortError;
}

/// A key's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvEntry {
    /// The value.
    pub value: serde_json::Value,
    /// When it expires, in milliseconds since 1970; `None` for never.
    pub expires_ms: Option<u64>,
}

/// Some keys of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvPage {
    /// The keys, in the order of their bytes.
    pub keys: Vec<String>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// How much a store holds: keys and values in bytes, and the number of keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvUsage {
    /// Keys, and values as JSON text, in bytes.
    pub bytes: u64,
    /// The number of keys.
    pub keys: u64,
}
