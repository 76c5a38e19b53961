//! What the store would hold after a call's changes. The commit counts again, and exactly; this tells the plugin while it can still do
//! something about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Kv;
use crate::capability::port::{KvReply, KvRequest, KvUsage};
use crate::capability::{RoomError, RoomView};
use crate::write_set::KvQuota;

/// What one call knows of the store's size.
#[derive(Default)]
pub(super) struct Ledger {
    /// What the store held when the call first changed something, and what it would hold now.
    usage: Option<(KvUsage, KvUsage)>,
    /// The bytes of each key that the call touched, with its value; `None` where nothing stands.
    sizes: BTreeMap<Arc<str>, Option<u64>>,
}

/// A change that was weighed, to be noted once it is collected.
pub(super) struct Weighed {
    key: Arc<str>,
    size: Option<u64>,
    after: KvUsage,
    before: KvUsage,
}

impl Weighed {
    /// Whether the store would hold more than it may. A store that already does, because its quota was lowered, may shrink.
    pub(super) fn exceeds(&self, quota: KvQuota) -> bool {
        let grows = |after: u64, before: u64, most: u64| after > most && after > before;
        grows(self.after.bytes, self.before.bytes, quota.bytes)
            || grows(self.after.keys, self.before.keys, quota.keys)
    }
}

impl RoomView<'_, Kv> {
    /// What the store would hold if `size` bytes stood at the key and in it, or nothing for `None`. Nothing depends on what is read for this.
    pub(super) async fn weigh(
        &mut self,
        key: &Arc<str>,
        size: Option<u64>,
    ) -> Result<Weighed, RoomError> {
        let (before, now) = self.usage().await?;
        let old = self.size(key).await?;
        let bytes = |size: Option<u64>| size.unwrap_or(0);
        let keys = |size: Option<u64>| u64::from(size.is_some());
        let after = KvUsage {
            bytes: (now.bytes + bytes(size)).saturating_sub(bytes(old)),
            keys: (now.keys + keys(size)).saturating_sub(keys(old)),
        };
        Ok(Weighed {
            key: key.clone(),
            size,
            after,
            before,
        })
    }

    /// Notes a change that was collected.
    pub(super) fn note(&mut self, weighed: Weighed) {
        let ledger = self.call.local::<Ledger>();
        ledger.sizes.insert(weighed.key, weighed.size);
        ledger.usage = Some((weighed.before, weighed.after));
    }

    async fn usage(&mut self) -> Result<(KvUsage, KvUsage), RoomError> {
        if let Some(usage) = self.call.local::<Ledger>().usage {
            return Ok(usage);
        }
        let plugin = self.call.plugin().plugin.clone();
        match self.ask(KvRequest::Usage { plugin }).await? {
            KvReply::Usage(usage) => Ok((usage, usage)),
            _ => Err(self.call.port_broke_protocol("kv")),
        }
    }

    async fn size(&mut self, key: &Arc<str>) -> Result<Option<u64>, RoomError> {
        if let Some(size) = self.call.local::<Ledger>().sizes.get(key) {
            return Ok(*size);
        }
        let request = KvRequest::Get {
            plugin: self.call.plugin().plugin.clone(),
            key: key.clone(),
        };
        match self.ask(request).await? {
            KvReply::Get(stored) => Ok(stored.value.map(|entry| stored_bytes(key, &entry.value))),
            _ => Err(self.call.port_broke_protocol("kv")),
        }
    }
}

/// The bytes of a key and its value as JSON text.
pub(super) fn stored_bytes(key: &str, value: &serde_json::Value) -> u64 {
    (key.len() + value.to_string().len()) as u64
}
