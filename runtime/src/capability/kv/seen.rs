//! What stands at a key as a call sees it: what it wrote itself, else what is stored.

use std::sync::Arc;

use super::Kv;
use crate::capability::port::{KvReply, KvRequest};
use crate::capability::{RoomError, RoomView};
use crate::write_set::{Change, Document, Version};

/// What stands at a key.
pub(super) struct Seen {
    pub(super) value: serde_json::Value,
    /// The stored version; for what the call wrote itself one that is good within the call: the last number there is, counted down with
    /// each change. A store that counts up from 1 never comes there, so carried into another call it equals no stored version, and a
    /// compare-and-set with it answers false.
    pub(super) version: Version,
    pub(super) expires_ms: Option<u64>,
}

impl RoomView<'_, Kv> {
    /// What stands at a key. What comes from the store makes the commit depend on its version, also if nothing stands there.
    pub(super) async fn seen(&mut self, key: &Arc<str>) -> Result<Option<Seen>, RoomError> {
        let document = self.document(key);
        if let Some(written) = self.written(&document) {
            return Ok(written);
        }
        let request = KvRequest::Get {
            plugin: self.call.plugin().plugin.clone(),
            key: key.clone(),
        };
        let KvReply::Get(stored) = self.ask(request).await? else {
            return Err(self.call.port_broke_protocol("kv"));
        };
        self.call.depends_on(document, stored.version)?;
        Ok(stored.value.map(|entry| Seen {
            value: entry.value,
            version: stored.version,
            expires_ms: entry.expires_ms,
        }))
    }

    /// What this call left at the key: `None` if it did not touch it, `Some(None)` if it removed it, or if what it put there has expired.
    fn written(&self, document: &Document) -> Option<Option<Seen>> {
        let last = self.call.pending(document).next_back()?;
        let before = self.call.pending(document).skip(1).count();
        Some(match last {
            Change::PutKv { value, expires_ms } if self.is_alive(*expires_ms) => Some(Seen {
                value: value.clone(),
                version: Version::MAX - before as Version,
                expires_ms: *expires_ms,
            }),
            _ => None,
        })
    }

    /// Whether something that expires then is still there. Of what is stored the store decides.
    pub(super) fn is_alive(&self, expires_ms: Option<u64>) -> bool {
        expires_ms.is_none_or(|expires_ms| expires_ms > self.state.clock.now_ms())
    }
}
