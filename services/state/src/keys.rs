//! The keys of one plugin's store, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use portcullis::capability::port::{KvPage, KvUsage, Versioned};

use crate::kv::KvDocument;

/// The keys of one plugin, with what they come to and when they expire: neither a commit nor a question about the size looks at all of them.
#[derive(Default)]
pub(crate) struct Keys {
    keys: BTreeMap<Arc<str>, Arc<Versioned<KvDocument>>>,
    /// What all keys come to, expired ones too.
    stored: KvUsage,
    /// The keys that expire, by when.
    expiring: BTreeSet<(u64, Arc<str>)>,
}

impl Keys {
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Arc<Versioned<KvDocument>>> {
        self.keys.get(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<Versioned<KvDocument>>)> {
        self.keys.iter()
    }

    pub(crate) fn insert(&mut self, key: Arc<str>, document: Arc<Versioned<KvDocument>>) {
        self.remove(&key);
        self.stored.keys += 1;
        let bytes = document.value.bytes(&key);
        self.stored.bytes = self.stored.bytes.saturating_add(bytes);
        if let Some(at_ms) = document.value.entry().expires_ms {
            self.expiring.insert((at_ms, key.clone()));
        }
        self.keys.insert(key, document);
    }

    pub(crate) fn remove(&mut self, key: &Arc<str>) {
        let Some(document) = self.keys.remove(key) else {
            return;
        };
        self.stored.keys = self.stored.keys.saturating_sub(1);
        let bytes = document.value.bytes(key);
        self.stored.bytes = self.stored.bytes.saturating_sub(bytes);
        if let Some(at_ms) = document.value.entry().expires_ms {
            self.expiring.remove(&(at_ms, key.clone()));
        }
    }

    /// What all keys come to, expired ones too.
    pub(crate) fn stored(&self) -> KvUsage {
        self.stored
    }

    /// What the keys come to that have not expired.
    pub(crate) fn live(&self, now_ms: u64) -> KvUsage {
        let mut usage = self.stored;
        for (key, document) in self
            .expired(now_ms)
            .filter_map(|key| self.keys.get_key_value(key))
        {
            usage.keys = usage.keys.saturating_sub(1);
            usage.bytes = usage.bytes.saturating_sub(document.value.bytes(key));
        }
        usage
    }

    /// The keys that have expired and are still here.
    pub(crate) fn expired(&self, now_ms: u64) -> impl Iterator<Item = &Arc<str>> {
        let expired = self.expiring.iter();
        expired
            .take_while(move |(at_ms, _)| *at_ms <= now_ms)
            .map(|(_, key)| key)
    }

    /// The keys that begin with `prefix` and come after `after`.
    pub(crate) fn page(
        &self,
        (prefix, after, limit): (&str, Option<&str>, u32),
        now_ms: u64,
    ) -> KvPage {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let live = self
            .keys
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(_, document)| !document.value.expired(now_ms));
        let mut page = KvPage::default();
        for (key, _) in live {
            if page.keys.len() >= limit as usize {
                page.more = true;
                break;
            }
            page.keys.push(key.to_string());
        }
        page
    }
}
