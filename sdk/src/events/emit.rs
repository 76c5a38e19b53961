use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, json};

crate::bindings::import!("uses-event-emit");

use bindings::portcullis::plugin::event_emit;

/// Emits an event when this call has returned. A subject is 1 to 16 tokens with dots between them, at most 256 bytes; a payload has at most
/// 64 KiB as JSON. `denied` outside the scope `subjects`, and for an event that too many others led to; `over-budget` beyond the scope's number
/// of events a call.
pub fn emit<T: Serialize + ?Sized>(subject: &str, payload: &T) -> Result<(), Error> {
    event_emit::emit(subject, &json::encode(subject, payload)?)
}

/// Emits an event now and waits for the first reply, at most for `patience` (in milliseconds, at least one) and never beyond the call's own time. It
/// cannot be taken back: a call that does this is not run again after a conflict. `not-found` if nobody hears the subject, `unavailable` if no
/// reply comes in time, and at once if too many calls wait for replies already, `invalid` for a reply that is no `R`; else as [`emit`].
pub fn request<T, R>(subject: &str, payload: &T, patience: Duration) -> Result<R, Error>
where
    T: Serialize + ?Sized,
    R: DeserializeOwned,
{
    let patience_ms = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
    let reply = event_emit::request(subject, &json::encode(subject, payload)?, patience_ms)?;
    serde_json::from_str(&reply).map_err(|error| {
        Error::Invalid(format!(
            "the reply to `{subject}` is not of the expected type: {error}"
        ))
    })
}
