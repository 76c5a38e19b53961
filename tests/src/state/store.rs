//! A plugin's own key-value store.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use portcullis::capability::Versioned;
use portcullis::capability::port::{KvEntry, KvPage, KvUsage};
use portcullis::write_set::{KvQuota, Version};

/// Keys with values that may expire. A version is given once: a key that is removed and set again has another one.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    keys: BTreeMap<Arc<str>, Versioned<KvEntry>>,
    last: Version,
}

impl Store {
    pub(super) fn get(&self, key: &str, now_ms: u64) -> Versioned<Option<KvEntry>> {
        match self.keys.get(key) {
            Some(stored) if is_alive(&stored.value, now_ms) => Versioned {
                version: stored.version,
                value: Some(stored.value.clone()),
            },
            _ => Versioned {
                version: 0,
                value: None,
            },
        }
    }

    pub(super) fn list(&self, prefix: &str, after: Option<&str>, limit: u32, now: u64) -> KvPage {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut keys: Vec<String> = self
            .keys
            .range::<str, _>((from, Bound::Unbounded))
            .filter(|(key, stored)| key.starts_with(prefix) && is_alive(&stored.value, now))
            .map(|(key, _)| key.to_string())
            .take(limit.saturating_add(1))
            .collect();
        let more = keys.len() > limit;
        keys.truncate(limit);
        KvPage { keys, more }
    }

    pub(super) fn usage(&self, now_ms: u64) -> KvUsage {
        let mut usage = KvUsage::default();
        for (key, entry) in self.alive(now_ms) {
            usage.keys += 1;
            usage.bytes += (key.len() + entry.value.to_string().len()) as u64;
        }
        usage
    }

    pub(super) fn entries(&self, now_ms: u64) -> BTreeMap<String, KvEntry> {
        let alive = self.alive(now_ms);
        alive
            .map(|(key, entry)| (key.to_string(), entry.clone()))
            .collect()
    }

    pub(super) fn put(&mut self, key: Arc<str>, value: KvEntry) {
        self.last += 1;
        let version = self.last;
        self.keys.insert(key, Versioned { version, value });
    }

    pub(super) fn delete(&mut self, key: &str) {
        self.keys.remove(key);
    }

    fn alive(&self, now_ms: u64) -> impl Iterator<Item = (&Arc<str>, &KvEntry)> {
        let entries = self.keys.iter().map(|(key, stored)| (key, &stored.value));
        entries.filter(move |(_, entry)| is_alive(entry, now_ms))
    }
}

fn is_alive(entry: &KvEntry, now_ms: u64) -> bool {
    entry
        .expires_ms
        .is_none_or(|expires_ms| expires_ms > now_ms)
}

/// Whether a store has grown beyond its quota. One that was beyond it before may shrink.
pub(super) fn exceeds(before: KvUsage, after: KvUsage, quota: KvQuota) -> bool {
    (after.bytes > quota.bytes && after.bytes > before.bytes)
        || (after.keys > quota.keys && after.keys > before.keys)
}
