//! The task of one handler: takes events from its subscription, one after the other, and calls it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;

use super::counts::Counts;
use super::pumps::{Hearing, Wish};
use super::turns::Turns;
use super::{Events, Handle, Scene, dispatch};
use crate::bus::{Message, Source, Subscription};
use crate::capability::port::bus;
use crate::receipt::Outcome;

/// A bus that takes longer to do its part has failed: the rest of the handler's events wait for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a handler waits before it asks a bus again that would not let it hear.
const PAUSE: Duration = Duration::from_secs(1);

/// One handler's task. It holds nothing of the host while it waits, so it ends with the host.
pub(super) struct Pump {
    /// The handler's qualified name.
    pub(super) handler: String,
    pub(super) hearing: Weak<Hearing>,
    pub(super) counts: Arc<Counts>,
    pub(super) turns: Turns,
    /// What is wanted of it; closed once it is to end.
    pub(super) wishes: watch::Receiver<Wish>,
    /// The number of the last question that was answered: whether nothing waits.
    pub(super) answered: watch::Sender<u64>,
    /// The number of the last question since which the bus lets it hear, or has refused to.
    pub(super) ready: watch::Sender<u64>,
    /// Events of an earlier subscription.
    pub(super) backlog: VecDeque<Message>,
    /// How many events earlier subscriptions have dropped.
    pub(super) dropped_before: u64,
}

/// Why a subscription is given up.
enum End {
    /// The pump is to end.
    Over,
    /// Another subject or another queue is wanted.
    Changed,
    /// The bus broke off.
    Lost,
}

impl Pump {
    /// Runs until the handler is gone, or the host.
    pub(super) async fn run(mut self) {
        while let Some((wish, mut subscription)) = self.subscribe().await {
            let end = self.serve(&wish, &mut *subscription).await;
            self.note_dropped(&*subscription);
            self.dropped_before = self.counts.dropped.get();
            match end {
                End::Over => return,
                End::Changed => self.keep_what_waits(&mut *subscription),
                End::Lost => {
                    drop(subscription);
                    // A host or a runtime that goes takes its bus along: nothing to warn of. So the warning waits until the bus is really asked again.
                    let paused = self.unless_over(tokio::time::sleep(PAUSE)).await;
                    if paused.is_none() || self.hearing.strong_count() == 0 {
                        return;
                    }
                    let handler = &self.handler;
                    tracing::warn!(%handler, "the bus broke off, and is asked again");
                }
            }
        }
    }

    /// A subscription as it is wanted now, however often the bus must be asked; `None` once the pump is to end.
    async fn subscribe(&mut self) -> Option<(Wish, Box<dyn Subscription>)> {
        loop {
            let wish = self.wishes.borrow().clone();
            self.cut_backlog(&wish);
            let wants = wish.clone();
            let bus = Arc::clone(&self.hearing.upgrade()?.bus);
            let asked =
                async move { bus::subscribe(&*bus, wants.subject, wants.capacity, PATIENCE).await };
            match self.unless_over(asked).await? {
                Ok(subscription) => {
                    self.ready.send_replace(wish.asked);
                    return Some((wish, subscription));
                }
                Err(error) => {
                    let handler = &self.handler;
                    tracing::warn!(%handler, %error, "a handler cannot hear, and asks again");
                    self.ready.send_replace(wish.asked);
                    self.serve_backlog(&wish).await?;
                    self.unless_over(tokio::time::sleep(PAUSE)).await?;
                }
            }
        }
    }

    /// Leaves of the backlog what is wanted: what it hears, and no more than may wait.
    fn cut_backlog(&mut self, wish: &Wish) {
        let before = self.backlog.len();
        self.backlog
            .retain(|message| wish.subject.matches(&message.subject));
        let others = before - self.backlog.len();
        self.counts.skipped.add(others as u64);
        let beyond = self.backlog.len().saturating_sub(wish.capacity);
        self.backlog.truncate(wish.capacity);
        self.dropped_before = self.dropped_before.saturating_add(beyond as u64);
        self.counts.dropped.set(self.dropped_before);
    }

    /// Handles what waits of an earlier subscription, as there is no other one yet; `None` once the pump is to end. Stops if something else is
    /// wanted.
    async fn serve_backlog(&mut self, current: &Wish) -> Option<()> {
        while self.wishes.has_changed().is_ok() {
            if !self.wishes.borrow().hears_like(current) {
                return Some(());
            }
            let Some(message) = self.backlog.pop_front() else {
                return Some(());
            };
            let hearing = self.hearing.upgrade()?;
            self.take(&hearing, message).await;
        }
        None
    }

    /// Waits for something while nothing can be heard, and answers meanwhile that nothing waits; `None` once the pump is to end.
    async fn unless_over<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                biased;
                changed = self.wishes.changed() => {
                    changed.ok()?;
                    if self.backlog.is_empty() {
                        self.answered.send_replace(self.wishes.borrow().asked);
                    }
                }
                came_to = &mut future => return Some(came_to),
            }
        }
    }

    /// Takes event after event.
    async fn serve(&mut self, current: &Wish, subscription: &mut dyn Subscription) -> End {
        loop {
            if self.wishes.has_changed().is_err() {
                return End::Over;
            }
            let wish = self.wishes.borrow_and_update().clone();
            if !wish.hears_like(current) {
                return End::Changed;
            }
            // What was wanted may be wanted again, and somebody waits to hear so.
            self.ready.send_replace(wish.asked);
            // What was published before the question was asked is in the queue now.
            let waiting = match self.backlog.pop_front() {
                Some(message) => Some(Some(message)),
                None => now(subscription),
            };
            let message = match waiting {
                Some(message) => message,
                None => {
                    self.note_dropped(subscription);
                    self.answered.send_replace(wish.asked);
                    tokio::select! {
                        biased;
                        _ = self.wishes.changed() => continue,
                        message = next(subscription) => message,
                    }
                }
            };
            let Some(message) = message else {
                return End::Lost;
            };
            // What came after the end is for another pump of the handler, if there is one.
            if self.wishes.has_changed().is_err() {
                return End::Over;
            }
            let Some(hearing) = self.hearing.upgrade() else {
                return End::Over;
            };
            self.note_dropped(subscription);
            self.take(&hearing, message).await;
            // A queue that never empties must not keep a thread to itself.
            tokio::task::yield_now().await;
        }
    }

    /// Has the handler called for an event, and counts what became of it.
    async fn take(&self, hearing: &Hearing, message: Message) {
        let _passing = hearing.progress.begin();
        let _turn = self.turns.take().await;
        if self.wishes.has_changed().is_err() {
            return;
        }
        // What it touches is the host's, and guarded against poisoning.
        let called = AssertUnwindSafe(self.call(hearing, &message)).catch_unwind();
        let count = match called.await {
            Ok(Some(Outcome::Returned)) => &self.counts.handled,
            Ok(None) => &self.counts.skipped,
            // Disabled or gone on the way; for other reasons it should have run.
            Ok(Some(Outcome::NotRun)) if !self.serves(hearing) => &self.counts.skipped,
            Ok(Some(_)) => &self.counts.failed,
            Err(_) => {
                let handler = &self.handler;
                tracing::error!(%handler, "the host panicked on the way to a handler");
                &self.counts.failed
            }
        };
        count.add(1);
    }

    /// Whether the handler is there, and its plugin not disabled.
    fn serves(&self, hearing: &Hearing) -> bool {
        let registry = hearing.registry.snapshot();
        let entry = registry.find(&self.handler);
        entry.is_some_and(|entry| !entry.plugin.is_disabled())
    }

    /// How the call ended; `None` if there was none.
    async fn call(&self, hearing: &Hearing, message: &Message) -> Option<Outcome> {
        let scene = Scene {
            subject: &message.about,
            enabled: &hearing.enabled.enabled(message.about.world_id()),
        };
        let request = |entry: &super::super::Entry, _: &super::Handler| {
            entry.plugin.is_asked(message);
            Handle {
                name: entry.name.clone(),
                message: message.clone(),
            }
        };
        let dispatched =
            dispatch::<Events>(&hearing.registry, &self.handler, scene, |_| &[], request).await;
        let receipt = dispatched.ok()?;
        let plugin = &receipt.record.plugin.plugin;
        let owner = message.subject.owner();
        // Who listens to what is asked of another plugin does not answer for it.
        let may_reply = owner.is_none_or(|owner| owner == plugin.as_str());
        let inbox = message.reply_to.as_ref().filter(|_| may_reply);
        if let (Some(inbox), Some(Some(reply))) = (inbox, receipt.reply) {
            let reply = Message {
                subject: inbox.clone(),
                payload: reply.into(),
                source: Source::Plugin {
                    plugin: plugin.clone(),
                    call: receipt.record.id,
                },
                about: message.about.clone(),
                hops: message.hops.saturating_add(1),
                reply_to: None,
            };
            if let Err(error) = bus::publish(&*hearing.bus, reply, PATIENCE).await {
                let handler = &self.handler;
                tracing::warn!(%handler, %error, "the bus did not take a reply");
            }
        }
        Some(receipt.record.outcome)
    }

    /// Keeps what waits at a subscription that another one replaces. What comes between the two is lost: heard by both, it would come twice.
    fn keep_what_waits(&mut self, subscription: &mut dyn Subscription) {
        while let Some(Some(message)) = now(subscription) {
            self.backlog.push_back(message);
        }
    }

    fn note_dropped(&self, subscription: &dyn Subscription) {
        let dropped = catch_unwind(AssertUnwindSafe(|| subscription.dropped()));
        let dropped = dropped.unwrap_or_default();
        let all = self.dropped_before.saturating_add(dropped);
        self.counts.dropped.set(all.max(self.counts.dropped.get()));
    }
}

/// The next event; `None` if the bus is gone, or panicked. Polled without regard to tokio's budget, by which a queue would look empty.
async fn next(subscription: &mut dyn Subscription) -> Option<Message> {
    let next = async { subscription.next().await };
    let next = tokio::task::unconstrained(AssertUnwindSafe(next).catch_unwind());
    next.await.ok().flatten()
}

/// What waits; `None` if nothing does.
fn now(subscription: &mut dyn Subscription) -> Option<Option<Message>> {
    next(subscription).now_or_never()
}
