use std::time::Duration;

use serde::de::DeserializeOwned;

use super::bindings::portcullis::plugin::kv_read as host;
use crate::{Error, json};

pub use host::Page;

/// What stands at a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<T> {
    /// The value.
    pub value: T,
    /// Changes with each change of the key, for [`compare_and_set`](super::compare_and_set). Never 0. That of a key which this call itself
    /// has changed is good within the call only.
    pub version: u64,
    /// How long the key has left; `None` for one that does not expire.
    pub ttl: Option<Duration>,
}

/// The value of a key, `None` where nothing stands or it has expired. `denied` outside the scope `keys`, `invalid` for a value of another type.
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Error> {
    Ok(entry(key)?.map(|entry| entry.value))
}

/// Like [`get`], with the key's version and the time that it has left.
pub fn entry<T: DeserializeOwned>(key: &str) -> Result<Option<Entry<T>>, Error> {
    let Some(found) = host::get(key)? else {
        return Ok(None);
    };
    let value = json::found(key, Ok(found.value))?;
    Ok(value.map(|value| Entry {
        value,
        version: found.version,
        ttl: found.ttl_ms.map(Duration::from_millis),
    }))
}

/// Some of the keys that begin with `prefix`, at most `limit` (1 to 1,000) of them, in the order of their bytes. Goes on where an earlier
/// page ended, with its `next` as `cursor`; a page may be short and still not be the last. [`keys`](super::keys) does all this by itself.
pub fn page(prefix: &str, cursor: Option<&str>, limit: u32) -> Result<Page, Error> {
    host::list_keys(prefix, cursor, limit)
}
