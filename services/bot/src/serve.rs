//! Serving a chat network: threads at once, the messages of one thread in order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::bot::Bot;
use crate::channel::Channel;
use crate::ids;
use crate::message::Incoming;

/// In how many threads messages may wait at once; each has a task. Users are few at a time, so more is a flood.
const MAX_THREADS: usize = 1_024;

/// The threads that are worked on, each with the messages that wait in it.
#[derive(Clone, Default)]
struct Queues(Arc<Mutex<HashMap<String, mpsc::Sender<Incoming>>>>);

impl Bot {
    /// Serves a channel until it has no more messages, and answers those that it had. Threads are worked on at once, the messages of one thread
    /// in order. A message beyond [`Options::waiting`](crate::Options) of one thread is dropped.
    pub async fn serve(&self, channel: Arc<dyn Channel>) {
        let queues = Queues::default();
        let slots = Arc::new(Semaphore::new(self.options().at_once.max(1)));
        let mut workers = JoinSet::new();
        while let Some(message) = channel.receive().await {
            while workers.try_join_next().is_some() {}
            let thread = ids::thread(&message.channel, &message.thread);
            let Some(queue) = queues.put(&thread, message, self.options().waiting) else {
                continue;
            };
            let (bot, channel) = (self.clone(), Arc::clone(&channel));
            let (queues, slots) = (queues.clone(), Arc::clone(&slots));
            workers
                .spawn(async move { bot.work(&thread, queue, &queues, &slots, &*channel).await });
        }
        while workers.join_next().await.is_some() {}
    }

    async fn work(
        &self,
        thread: &str,
        mut queue: mpsc::Receiver<Incoming>,
        queues: &Queues,
        slots: &Semaphore,
        channel: &dyn Channel,
    ) {
        while let Some(message) = queues.take(thread, &mut queue) {
            let _slot = slots.acquire().await;
            for reply in self.hear(message).await {
                if let Err(error) = channel.send(reply).await {
                    tracing::warn!(%error, thread, "a reply is lost");
                }
            }
        }
    }
}

impl Queues {
    /// Puts a message into the queue of its thread; gives the queue if there was none, for whoever is to work on it.
    fn put(
        &self,
        thread: &str,
        message: Incoming,
        waiting: usize,
    ) -> Option<mpsc::Receiver<Incoming>> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(thread)
            && !queue.is_closed()
        {
            if queue.try_send(message).is_err() {
                tracing::warn!(thread, "a message is dropped: too many wait in its thread");
            }
            return None;
        }
        if queues.len() >= MAX_THREADS {
            tracing::warn!(thread, "a message is dropped: too many threads wait");
            return None;
        }
        let (sender, queue) = mpsc::channel(waiting.max(1));
        // There is room for one.
        let _sent = sender.try_send(message);
        queues.insert(thread.to_owned(), sender);
        Some(queue)
    }

    /// The next message of a thread; without one the queue is gone.
    fn take(&self, thread: &str, queue: &mut mpsc::Receiver<Incoming>) -> Option<Incoming> {
        // Under the lock nobody puts one in between.
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = queue.try_recv().ok();
        if next.is_none() {
            queues.remove(thread);
        }
        next
    }
}
