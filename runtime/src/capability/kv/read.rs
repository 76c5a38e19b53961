//! `kv-read`.

use super::page::merged;
use super::{Kv, KvScope, READ, kv_read};
use crate::capability::port::{KvReply, KvRequest};
use crate::capability::{RoomError, RoomView};
use crate::pattern::check_key;
use crate::write_set::{Change, Document, Write};

const MAX_PAGE: u32 = 1_000;

impl kv_read::Host for RoomView<'_, Kv> {
    async fn get(&mut self, key: String) -> Result<Option<kv_read::Entry>, RoomError> {
        let key = self.enter_key(READ, "kv-read.get", key)?;
        let now_ms = self.state.clock.now_ms();
        let seen = self.seen(&key).await?;
        Ok(seen.map(|seen| kv_read::Entry {
            value: seen.value.to_string(),
            version: seen.version,
            // What is still there has time left, even if the clock went on meanwhile.
            ttl_ms: seen
                .expires_ms
                .map(|expires_ms| expires_ms.saturating_sub(now_ms).max(1)),
        }))
    }

    async fn list_keys(
        &mut self,
        prefix: String,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<kv_read::Page, RoomError> {
        self.enter(READ, "kv-read.list-keys")?;
        check_list(&prefix, cursor.as_deref(), limit).map_err(RoomError::invalid)?;
        let allowed = |scope: &KvScope| scope.keys.iter().any(|own| own.covers(&prefix));
        if !self.state.read.iter().all(allowed) {
            let asked = format!("kv-read.list-keys {prefix}");
            return Err(self.call.deny(READ, asked, "outside the scope `keys`"));
        }
        let request = KvRequest::List {
            plugin: self.call.plugin().plugin.clone(),
            prefix: prefix.clone(),
            after: cursor.clone(),
            limit,
        };
        let KvReply::List(page) = self.ask(request).await? else {
            return Err(self.call.port_broke_protocol("kv"));
        };
        let changes = self
            .call
            .writes()
            .iter()
            .filter_map(|write| self.left(write));
        let asked_for = |key: &str| {
            key.starts_with(&prefix) && cursor.as_deref().is_none_or(|cursor| key > cursor)
        };
        Ok(merged(
            page,
            changes.filter(|(key, _)| asked_for(key)),
            usize::try_from(limit).unwrap_or(usize::MAX),
        ))
    }
}

impl RoomView<'_, Kv> {
    /// The key that a change is about, and whether it leaves something there.
    fn left<'a>(&self, write: &'a Write) -> Option<(&'a str, bool)> {
        let Document::Kv { key, .. } = &write.document else {
            return None;
        };
        let there =
            matches!(&write.change, Change::PutKv { expires_ms, .. } if self.is_alive(*expires_ms));
        Some((key, there))
    }
}

fn check_list(prefix: &str, cursor: Option<&str>, limit: u32) -> Result<(), String> {
    if !prefix.is_empty() {
        check_key("prefix", prefix)?;
    }
    if let Some(cursor) = cursor {
        check_key("cursor", cursor)?;
    }
    if limit == 0 || limit > MAX_PAGE {
        return Err(format!("limit: must be 1 to {MAX_PAGE}, is {limit}"));
    }
    Ok(())
}
