//! The bus inside a process.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::bus::{
    Bus, BusError, EventSubject, Message, RequestError, SubjectPattern, Subscription,
};

/// A bus inside a process. It keeps nothing, so it ends with the process. Cheap to clone; all clones are one bus.
#[derive(Clone, Default)]
pub struct LocalBus(Arc<Inner>);

#[derive(Default)]
struct Inner {
    ids: AtomicU64,
    listeners: RwLock<BTreeMap<u64, Listener>>,
    /// Those who wait for a reply, by the inbox that it goes to.
    inboxes: RwLock<BTreeMap<EventSubject, oneshot::Sender<Message>>>,
}

struct Listener {
    pattern: SubjectPattern,
    queue: mpsc::Sender<Message>,
    dropped: Arc<AtomicU64>,
}

impl LocalBus {
    /// A bus that nobody hears yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Inner {
    fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Gives the message to all who hear it, and tells how many they are.
    fn deliver(&self, message: &Message) -> usize {
        if message.subject.is_reserved() {
            return self.reply(message);
        }
        let listeners = self.listeners.read();
        let listeners = listeners.unwrap_or_else(PoisonError::into_inner);
        let mut heard = 0;
        for listener in listeners.values() {
            if listener.pattern.matches(&message.subject) {
                heard += 1;
                if listener.queue.try_send(message.clone()).is_err() {
                    listener.dropped.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        heard
    }

    fn reply(&self, message: &Message) -> usize {
        // Whoever waited may have gone: then the reply is for nobody.
        let inbox = self.close(&message.subject);
        inbox.map_or(0, |inbox| usize::from(inbox.send(message.clone()).is_ok()))
    }

    fn open(&self, inbox: EventSubject) -> oneshot::Receiver<Message> {
        let (sender, receiver) = oneshot::channel();
        let inboxes = self.inboxes.write();
        inboxes
            .unwrap_or_else(PoisonError::into_inner)
            .insert(inbox, sender);
        receiver
    }

    fn close(&self, inbox: &EventSubject) -> Option<oneshot::Sender<Message>> {
        let inboxes = self.inboxes.write();
        inboxes
            .unwrap_or_else(PoisonError::into_inner)
            .remove(inbox)
    }
}

fn random() -> Result<u128, BusError> {
    let mut bytes = [0; 16];
    let drawn = getrandom::fill(&mut bytes);
    drawn.map_err(|error| BusError::Unavailable(format!("no random number: {error}")))?;
    Ok(u128::from_ne_bytes(bytes))
}

/// An inbox that is closed when nobody waits any more, for whatever reason.
struct Inbox<'a> {
    bus: &'a Inner,
    subject: EventSubject,
}

impl Drop for Inbox<'_> {
    fn drop(&mut self) {
        self.bus.close(&self.subject);
    }
}

impl Bus for LocalBus {
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<(), BusError>> {
        async move {
            self.0.deliver(&message);
            Ok(())
        }
        .boxed()
    }

    fn request(
        &self,
        mut message: Message,
        patience: Duration,
    ) -> BoxFuture<'_, Result<Message, RequestError>> {
        async move {
            let subject = EventSubject::inbox(random()?);
            let reply = self.0.open(subject.clone());
            let inbox = Inbox {
                bus: &self.0,
                subject,
            };
            message.reply_to = Some(inbox.subject.clone());
            if self.0.deliver(&message) == 0 {
                return Err(RequestError::NoResponders);
            }
            match tokio::time::timeout(patience, reply).await {
                Ok(Ok(reply)) => Ok(reply),
                _ => Err(RequestError::TimedOut),
            }
        }
        .boxed()
    }

    fn subscribe(
        &self,
        pattern: SubjectPattern,
        capacity: usize,
    ) -> BoxFuture<'_, Result<Box<dyn Subscription>, BusError>> {
        let (queue, messages) = mpsc::channel(capacity.clamp(1, Semaphore::MAX_PERMITS));
        let dropped = Arc::<AtomicU64>::default();
        let subscription = LocalSubscription {
            id: self.0.next_id(),
            bus: Arc::downgrade(&self.0),
            messages,
            dropped: Arc::clone(&dropped),
        };
        let listener = Listener {
            pattern,
            queue,
            dropped,
        };
        let listeners = self.0.listeners.write();
        listeners
            .unwrap_or_else(PoisonError::into_inner)
            .insert(subscription.id, listener);
        ready(Ok(Box::new(subscription) as Box<dyn Subscription>)).boxed()
    }
}

struct LocalSubscription {
    id: u64,
    bus: Weak<Inner>,
    messages: mpsc::Receiver<Message>,
    dropped: Arc<AtomicU64>,
}

impl Subscription for LocalSubscription {
    fn next(&mut self) -> BoxFuture<'_, Option<Message>> {
        self.messages.recv().boxed()
    }

    fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for LocalSubscription {
    fn drop(&mut self) {
        if let Some(bus) = self.bus.upgrade() {
            let listeners = bus.listeners.write();
            listeners
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&self.id);
        }
    }
}
