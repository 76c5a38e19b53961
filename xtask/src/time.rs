//! Points in time, for people.

use std::time::{Duration, UNIX_EPOCH};

/// Milliseconds since 1970 as a date and time in UTC, for example `2026-11-20T13:22:01.250Z`.
pub(crate) fn utc(ms: u64) -> String {
    // The last day that the format can tell, rather than a panic for a number that another program left.
    const LAST_MS: u64 = 253_402_300_799_999;
    let time = UNIX_EPOCH + Duration::from_millis(ms.min(LAST_MS));
    humantime::format_rfc3339_millis(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_utc() {
        assert_eq!(utc(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(utc(951_782_400_001), "2000-02-29T00:00:00.001Z");
        assert_eq!(utc(u64::MAX), "9999-12-31T23:59:59.999Z");
    }
}
