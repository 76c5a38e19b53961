//! The bus, asked with care: one that panics, or does not answer in time, is unavailable and nothing worse.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;

use super::wait;
use crate::bus::{Bus, BusError, Message, RequestError, SubjectPattern, Subscription};

/// Publishes, and waits this long for the bus to take the message.
pub(crate) async fn publish(
    bus: &dyn Bus,
    message: Message,
    patience: Duration,
) -> Result<(), BusError> {
    // Made within the future, so that a panic is caught also where the bus makes one at once.
    let asked = async { bus.publish(message).await };
    careful(asked, patience).await.unwrap_or_else(Err)
}

/// Requests, and waits this long for the reply. A call that waits here waits for the host.
pub(crate) async fn request(
    bus: &dyn Bus,
    message: Message,
    patience: Duration,
) -> Result<Message, RequestError> {
    let asked = async { bus.request(message, patience).await };
    // The bus keeps the time itself; one that does not is as late as one that had no reply.
    let asked = tokio::time::timeout(patience, AssertUnwindSafe(asked).catch_unwind());
    match wait::noting(asked).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(_)) => Err(panicked().into()),
        Err(_) => Err(RequestError::TimedOut),
    }
}

/// Subscribes, and waits this long for the bus to do it.
pub(crate) async fn subscribe(
    bus: &dyn Bus,
    pattern: SubjectPattern,
    capacity: usize,
    patience: Duration,
) -> Result<Box<dyn Subscription>, BusError> {
    let asked = async { bus.subscribe(pattern, capacity).await };
    careful(asked, patience).await.unwrap_or_else(Err)
}

async fn careful<T>(asked: impl Future<Output = T>, patience: Duration) -> Result<T, BusError> {
    let asked = AssertUnwindSafe(asked).catch_unwind();
    match tokio::time::timeout(patience, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(panicked()),
        Err(_) => Err(BusError::Unavailable(
            "it did not answer in time".to_owned(),
        )),
    }
}

fn panicked() -> BusError {
    BusError::Unavailable("it panicked".to_owned())
}
