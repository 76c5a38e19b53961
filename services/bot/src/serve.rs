//! Serving a chat network: threads at once, the messages of one thread in order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::bot::Bot;
use crate::channel::Channel;
use crate::ids;
use crate::message::{Incoming, Outgoing};

/// In how many threads messages may wait at once; each has a task. Users are few at a time, so more is a flood.
const MAX_THREADS: usize = 1_024;

/// What a user is told of whom too much waits already.
const BUSY: &str = "I am still busy with what you wrote; wait for that, please";

/// What there is to do in a thread for a user.
struct Job {
    user: String,
    work: Work,
}

enum Work {
    Hear(Incoming),
    /// What the user is told instead of being heard.
    Say(Outgoing),
}

/// The threads that are worked on, each with what waits in it.
#[derive(Clone, Default)]
struct Queues(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    threads: HashMap<String, mpsc::Sender<Job>>,
    /// What waits or is worked on of each user, so that none fills a thread, or all threads.
    users: HashMap<String, OfUser>,
}

#[derive(Default)]
struct OfUser {
    messages: usize,
    /// Whether something waits that the user is told: once is enough.
    is_told: bool,
}

impl Bot {
    /// Serves a channel until it has no more messages, and answers those that it had. Threads are worked on at once, the messages of one thread
    /// in order. Who floods is told before anything waits; [`Options::waiting`](crate::Options::waiting) says how much may.
    pub async fn serve(&self, channel: Arc<dyn Channel>) {
        let queues = Queues::default();
        let slots = Arc::new(Semaphore::new(self.options().at_once.max(1)));
        let mut workers = JoinSet::new();
        while let Some(message) = channel.receive().await {
            while workers.try_join_next().is_some() {}
            let thread = ids::thread(&message.channel, &message.thread);
            let user = ids::name(&message.user);
            let work = match self.admit(&message) {
                Ok(()) => Work::Hear(message),
                Err(Some(told)) => Work::Say(told),
                Err(None) => continue,
            };
            let job = Job { user, work };
            let Some(queue) = queues.put(&thread, job, self.options().waiting) else {
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
        mut queue: mpsc::Receiver<Job>,
        queues: &Queues,
        slots: &Semaphore,
        channel: &dyn Channel,
    ) {
        while let Some(Job { user, work }) = queues.take(thread, &mut queue) {
            let replies = match work {
                Work::Hear(message) => {
                    let _under_way = UnderWay { queues, user };
                    let _slot = slots.acquire().await;
                    self.answer_to(&message).await
                }
                Work::Say(told) => vec![told],
            };
            for reply in replies {
                if let Err(error) = channel.send(reply).await {
                    tracing::warn!(%error, thread, "a reply is lost");
                }
            }
        }
    }
}

/// That a message of a user is worked on.
struct UnderWay<'a> {
    queues: &'a Queues,
    user: String,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.queues.lock().heard(&self.user);
    }
}

impl Queues {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job into the queue of its thread; gives the queue if there was none, for whoever is to work on it.
    fn put(&self, thread: &str, job: Job, waiting: usize) -> Option<mpsc::Receiver<Job>> {
        let mut all = self.lock();
        let job = all.counted(job, (waiting * 3 / 4).max(1))?;
        let (user, is_message) = (job.user.clone(), matches!(job.work, Work::Hear(_)));
        let queue = all.put(thread, job, waiting.max(1));
        queue.unwrap_or_else(|why| {
            match is_message {
                true => all.heard(&user),
                false => all.told(&user),
            }
            tracing::warn!(thread, "a message is dropped: {why}");
            None
        })
    }

    /// What is next in a thread; without anything the queue is gone.
    fn take(&self, thread: &str, queue: &mut mpsc::Receiver<Job>) -> Option<Job> {
        // Under the lock nobody puts one in between.
        let mut all = self.lock();
        let next = queue.try_recv().ok();
        match &next {
            None => drop(all.threads.remove(thread)),
            Some(job) if matches!(job.work, Work::Say(_)) => all.told(&job.user),
            Some(_) => {}
        }
        next
    }
}

impl Waiting {
    /// Counts a job for its user. Of whom too many messages wait is told so instead; nothing is left to do if that waits already.
    fn counted(&mut self, job: Job, most: usize) -> Option<Job> {
        let Job { user, work } = job;
        let own = self.users.entry(user.clone()).or_default();
        let work = match work {
            Work::Hear(message) if own.messages >= most => {
                Work::Say(message.reply(BUSY.to_owned()))
            }
            work => work,
        };
        match &work {
            Work::Hear(_) => own.messages += 1,
            Work::Say(_) if std::mem::replace(&mut own.is_told, true) => return None,
            Work::Say(_) => {}
        }
        Some(Job { user, work })
    }

    /// One message of a user less.
    fn heard(&mut self, user: &str) {
        self.change(user, |own| own.messages = own.messages.saturating_sub(1));
    }

    fn told(&mut self, user: &str) {
        self.change(user, |own| own.is_told = false);
    }

    fn change(&mut self, user: &str, change: impl FnOnce(&mut OfUser)) {
        if let Some(own) = self.users.get_mut(user) {
            change(own);
            if own.messages == 0 && !own.is_told {
                self.users.remove(user);
            }
        }
    }

    fn put(
        &mut self,
        thread: &str,
        job: Job,
        waiting: usize,
    ) -> Result<Option<mpsc::Receiver<Job>>, &'static str> {
        if let Some(queue) = self.threads.get(thread)
            && !queue.is_closed()
        {
            let sent = queue.try_send(job);
            return sent
                .map(|()| None)
                .map_err(|_| "too many wait in its thread");
        }
        if self.threads.len() >= MAX_THREADS {
            return Err("too many threads wait");
        }
        let (sender, queue) = mpsc::channel(waiting);
        // There is room for one.
        let _sent = sender.try_send(job);
        self.threads.insert(thread.to_owned(), sender);
        Ok(Some(queue))
    }
}
