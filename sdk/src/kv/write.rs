use std::time::Duration;

use serde::Serialize;

use super::bindings::portcullis::plugin::kv_write as host;
use crate::{Error, json};

/// Sets a key for good: 1 to 128 bytes, a value of at most 64 KiB as JSON. `denied` outside the scope `keys`, `over-budget` if the store
/// would hold more than its quota.
pub fn set<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<(), Error> {
    host::set(key, &json::encode(key, value)?, None)
}

/// Like [`set`], for this long; counted in whole milliseconds, rounded up, at least 1.
pub fn set_for<T: Serialize + ?Sized>(key: &str, value: &T, ttl: Duration) -> Result<(), Error> {
    host::set(key, &json::encode(key, value)?, Some(millis(ttl)))
}

/// Removes a key. Removing one that is not there is fine.
pub fn delete(key: &str) -> Result<(), Error> {
    host::delete(key)
}

/// Adds to a key that holds a whole number, and gives the sum; one that is not there counts as 0, and one that expires keeps its time.
/// `invalid` if it holds something else, or if the sum does not fit.
pub fn increment(key: &str, by: i64) -> Result<i64, Error> {
    host::increment(key, by)
}

/// Sets a key for good, if its version is `expected` (`None`: if nothing stands there), and tells whether that was so.
pub fn compare_and_set<T: Serialize + ?Sized>(
    key: &str,
    expected: Option<u64>,
    value: &T,
) -> Result<bool, Error> {
    host::compare_and_set(key, expected, &json::encode(key, value)?, None)
}

/// Like [`compare_and_set`], for this long; see [`set_for`].
pub fn compare_and_set_for<T: Serialize + ?Sized>(
    key: &str,
    expected: Option<u64>,
    value: &T,
    ttl: Duration,
) -> Result<bool, Error> {
    let value = json::encode(key, value)?;
    host::compare_and_set(key, expected, &value, Some(millis(ttl)))
}

fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_does_not_become_nothing() {
        assert_eq!(millis(Duration::from_micros(1)), 1);
        assert_eq!(millis(Duration::from_millis(1)), 1);
        assert_eq!(millis(Duration::ZERO), 0);
        assert_eq!(millis(Duration::MAX), u64::MAX);
    }
}
