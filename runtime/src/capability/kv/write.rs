//! `kv-write`.

use std::sync::Arc;

use serde_json::Value;

use super::quota::stored_bytes;
use super::{Kv, WRITE, kv_write};
use crate::capability::{RoomError, RoomView};
use crate::write_set::{Change, parse_value};

impl kv_write::Host for RoomView<'_, Kv> {
    async fn set(
        &mut self,
        key: String,
        value: String,
        ttl_ms: Option<u64>,
    ) -> Result<(), RoomError> {
        let key = self.enter_key(WRITE, "kv-write.set", key)?;
        let value = parse_value("value", &value).map_err(RoomError::invalid)?;
        let expires_ms = self.expiry(ttl_ms)?;
        self.put(key, value, expires_ms).await
    }

    async fn delete(&mut self, key: String) -> Result<(), RoomError> {
        let key = self.enter_key(WRITE, "kv-write.delete", key)?;
        let weighed = self.weigh(&key, None).await?;
        let document = self.document(&key);
        self.call.write(document, Change::DeleteKv, key.len())?;
        self.note(weighed);
        Ok(())
    }

    async fn increment(&mut self, key: String, by: i64) -> Result<i64, RoomError> {
        let key = self.enter_key(WRITE, "kv-write.increment", key)?;
        let (now, expires_ms) = match self.seen(&key).await? {
            Some(seen) => (seen.value.as_i64(), seen.expires_ms),
            None => (Some(0), None),
        };
        let now = now.ok_or_else(|| RoomError::invalid("key: holds no whole number of 64 bits"))?;
        let sum = now
            .checked_add(by)
            .ok_or_else(|| RoomError::invalid("by: the sum does not fit 64 bits"))?;
        self.put(key, sum.into(), expires_ms).await?;
        Ok(sum)
    }

    async fn compare_and_set(
        &mut self,
        key: String,
        expected: Option<u64>,
        value: String,
        ttl_ms: Option<u64>,
    ) -> Result<bool, RoomError> {
        let key = self.enter_key(WRITE, "kv-write.compare-and-set", key)?;
        let value = parse_value("value", &value).map_err(RoomError::invalid)?;
        let expires_ms = self.expiry(ttl_ms)?;
        let seen = self.seen(&key).await?;
        if seen.map(|seen| seen.version) != expected {
            return Ok(false);
        }
        self.put(key, value, expires_ms).await?;
        Ok(true)
    }
}

impl RoomView<'_, Kv> {
    /// Collects a value for a key, if the store has room for it.
    async fn put(
        &mut self,
        key: Arc<str>,
        value: Value,
        expires_ms: Option<u64>,
    ) -> Result<(), RoomError> {
        let size = stored_bytes(&key, &value);
        let weighed = self.weigh(&key, Some(size)).await?;
        if weighed.exceeds(self.call.limits().kv_quota()) {
            return Err(RoomError::over_budget());
        }
        let document = self.document(&key);
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        self.call
            .write(document, Change::PutKv { value, expires_ms }, size)?;
        self.note(weighed);
        Ok(())
    }

    fn expiry(&self, ttl_ms: Option<u64>) -> Result<Option<u64>, RoomError> {
        match ttl_ms {
            Some(0) => Err(RoomError::invalid("ttl-ms: at least 1")),
            Some(ttl_ms) => Ok(Some(self.state.clock.now_ms().saturating_add(ttl_ms))),
            None => Ok(None),
        }
    }
}
