//! A key of a plugin's key-value store.

use portcullis::capability::port::KvEntry;
use serde::{Deserialize, Serialize};

/// The value of a key and when it expires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "KvEntry", into = "KvEntry")]
pub(crate) struct KvDocument {
    entry: KvEntry,
    /// The size of the value as JSON text.
    value_bytes: u64,
}

impl KvDocument {
    pub(crate) fn entry(&self) -> &KvEntry {
        &self.entry
    }

    pub(crate) fn expired(&self, now_ms: u64) -> bool {
        self.entry.expires_ms.is_some_and(|at_ms| at_ms <= now_ms)
    }

    /// What the key counts against its plugin's quota.
    pub(crate) fn bytes(&self, key: &str) -> u64 {
        self.value_bytes.saturating_add(key.len() as u64)
    }
}

impl From<KvEntry> for KvDocument {
    fn from(mut entry: KvEntry) -> Self {
        // SQLite's integers end there. It is as good as never.
        entry.expires_ms = entry.expires_ms.filter(|ms| i64::try_from(*ms).is_ok());
        let value_bytes = entry.value.to_string().len() as u64;
        Self { entry, value_bytes }
    }
}

impl From<KvDocument> for KvEntry {
    fn from(document: KvDocument) -> Self {
        document.entry
    }
}
