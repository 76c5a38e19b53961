//! What a call wants to happen once it has returned: its changes are committed, then its events published.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tracing::{Instrument, Span};

use super::line::Places;
use super::open::Open;
use crate::bus::Message;
use crate::capability::Port;
use crate::capability::port;
use crate::receipt::{Commit, Record};
use crate::write_set::{CommitError, WriteSet};

/// After this many conflicts a call gives up: something changes what it reads faster than it can run.
const MAX_ATTEMPTS: u32 = 64;

/// Why a call gives up that ran into others again and again.
pub(super) const KEEPS_CHANGING: &str = "other calls keep changing what this one reads";

/// A commit that takes longer counts as a fault of the host. It is not stopped: it may still take effect. A bus that takes longer over all events of a
/// call loses the rest. The receipt tells what was emitted, so whoever waits for it waits for the bus, too.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a call wants to happen once it has returned.
pub(super) struct Effects {
    /// The changes.
    pub(super) writes: Option<WriteSet>,
    /// The events, which are published once the changes are committed.
    pub(super) messages: Vec<Message>,
}

impl Effects {
    /// How many changes there are.
    pub(super) fn changes(&self) -> usize {
        self.writes.as_ref().map_or(0, |set| set.writes.len())
    }
}

/// What came of them: a receipt, or the call runs again.
pub(super) enum Effected {
    Done(Box<Record>),
    Again(Box<Open>, Places),
}

/// Commits and publishes in a task of its own, which the caller's going away does not stop; the receipt goes with it.
pub(super) async fn take_effect(open: Open, effects: Effects, attempts: u32) -> Effected {
    let cancelled = open.as_cancelled();
    // The task ends early only with its runtime; the receipt that it then leaves reads as this one.
    tokio::spawn(finish(open, effects, attempts))
        .await
        .unwrap_or_else(|_| Effected::Done(cancelled))
}

async fn finish(mut open: Open, effects: Effects, attempts: u32) -> Effected {
    let Effects { writes, messages } = effects;
    let Some(writes) = writes else {
        publish(&mut open, messages).await;
        return Effected::Done(open.succeed(Commit::None));
    };
    let count = writes.writes.len();
    let places = Places::of(&writes);
    let refused = Commit::Refused { writes: count };
    let unknown = Commit::Unknown { writes: count };
    let port = open.hold.plugin().rooms.commit.clone();
    let span = open.span.as_deref().cloned().unwrap_or_else(Span::none);
    Effected::Done(match commit(port, writes, span).await {
        Stored::Said(Ok(())) => {
            publish(&mut open, messages).await;
            open.succeed(Commit::Committed { writes: count })
        }
        Stored::Said(Err(CommitError::Conflict)) => {
            if attempts < MAX_ATTEMPTS && open.may_repeat() {
                open.take_back();
                return Effected::Again(Box::new(open), places);
            }
            open.not_committed(KEEPS_CHANGING, refused)
        }
        Stored::Said(Err(CommitError::OverQuota)) => open.over_quota(refused),
        Stored::Said(Err(CommitError::Failed)) => open.not_committed("the store failed", refused),
        Stored::Panicked => open.not_committed("the store panicked", unknown),
        Stored::Silent => open.not_committed("the store did not answer in time", unknown),
    })
}

/// What the store answered to a commit, if anything.
enum Stored {
    Said(Result<(), CommitError>),
    Panicked,
    Silent,
}

async fn commit(port: Arc<dyn Port<WriteSet>>, writes: WriteSet, span: Span) -> Stored {
    let store = async move { AssertUnwindSafe(port.call(writes)).catch_unwind().await };
    let store = tokio::spawn(store.instrument(span));
    match tokio::time::timeout(PATIENCE, store).await {
        Ok(Ok(Ok(answer))) => Stored::Said(answer),
        Ok(_) => Stored::Panicked,
        Err(_) => Stored::Silent,
    }
}

/// Gives the events to the bus, one after the other. What the bus does not take is lost, and counted: the changes are committed already.
async fn publish(open: &mut Open, messages: Vec<Message>) {
    if messages.is_empty() {
        return;
    }
    let count = messages.len();
    let bus = open.hold.plugin().rooms.bus.clone();
    let began = Instant::now();
    let mut taken = 0;
    for message in messages {
        let patience = PATIENCE.saturating_sub(began.elapsed());
        match port::bus::publish(&*bus, message, patience).await {
            Ok(()) => taken += 1,
            Err(error) => tracing::warn!(%error, "the bus did not take an event"),
        }
    }
    open.note_events(taken, count - taken);
}
