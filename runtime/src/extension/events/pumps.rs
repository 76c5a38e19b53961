//! The handlers of a host: for each that is registered a subscription and a task.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::counts::{Counts, Progress};
use super::pump::Pump;
use super::turns::AllTurns;
use super::{Events, SharedRegistry};
use crate::bus::{Bus, EventPolicy, EventStatistic, SubjectPattern};
use crate::enabled::EnabledSource;
use crate::manifest::PluginId;

/// What all handlers of a host need.
pub(crate) struct Hearing {
    pub(super) registry: Arc<SharedRegistry>,
    pub(super) enabled: Arc<dyn EnabledSource>,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) progress: Progress,
    policy: EventPolicy,
}

/// The tasks of a host's handlers. They end when this is dropped.
pub(crate) struct Pumps {
    hearing: Arc<Hearing>,
    running: Mutex<BTreeMap<String, Running>>,
    turns: AllTurns,
}

/// What is wanted of a pump.
#[derive(Clone)]
pub(super) struct Wish {
    pub(super) subject: SubjectPattern,
    pub(super) capacity: usize,
    /// The number of the last question whether nothing waits.
    pub(super) asked: u64,
}

impl Wish {
    pub(super) fn hears_like(&self, other: &Self) -> bool {
        (&self.subject, self.capacity) == (&other.subject, other.capacity)
    }
}

/// A pump, seen from outside.
struct Running {
    plugin: PluginId,
    wishes: watch::Sender<Wish>,
    answered: watch::Receiver<u64>,
    ready: watch::Receiver<u64>,
    counts: Arc<Counts>,
}

/// An answer to come from a pump: that it hears, or that nothing waits for it.
struct Question {
    number: u64,
    answered: watch::Receiver<u64>,
}

/// Pumps that were just started.
#[must_use]
pub(crate) struct Started(Vec<Question>);

impl Hearing {
    pub(crate) fn new(
        registry: Arc<SharedRegistry>,
        enabled: Arc<dyn EnabledSource>,
        bus: Arc<dyn Bus>,
        policy: EventPolicy,
    ) -> Self {
        Self {
            registry,
            enabled,
            bus,
            progress: Progress::default(),
            policy,
        }
    }
}

impl Pumps {
    /// No handlers yet. Needs no runtime.
    pub(crate) fn new(hearing: Hearing) -> Self {
        Self {
            hearing: Arc::new(hearing),
            running: Mutex::default(),
            turns: AllTurns::default(),
        }
    }

    /// Starts and ends pumps so that there is one for each handler in the registry. One that is there already goes on with what waits for it,
    /// whatever became of its plugin meanwhile. Needs a runtime.
    pub(crate) fn reconcile(&self) -> Started {
        let mut running = self.lock();
        let registry = self.hearing.registry.snapshot();
        let is_wanted = |handler: &String| {
            let entry = registry.find(handler);
            entry.is_some_and(|entry| entry.contribution::<Events>().is_some())
        };
        running.retain(|handler, _| is_wanted(handler));
        let mut handlers = BTreeMap::<&PluginId, usize>::new();
        for entry in registry.of::<Events>() {
            *handlers.entry(&entry.plugin.identity().plugin).or_default() += 1;
        }
        let mut started = Vec::new();
        for entry in registry.of::<Events>() {
            let Some(handler) = entry.contribution::<Events>() else {
                continue;
            };
            let plugin = &entry.plugin.identity().plugin;
            let of_plugin = handlers.get(plugin).copied().unwrap_or(1);
            let wanted = handler.queue.map(Into::into);
            let wish = Wish {
                subject: handler.subject.clone(),
                capacity: self.hearing.policy.capacity(wanted, of_plugin),
                asked: 1,
            };
            match running.get(&entry.qualified) {
                // A pump outside of its runtime is none.
                Some(pump) if !pump.wishes.is_closed() => started.extend(pump.hear(wish)),
                _ => {
                    let pump = self.start(entry.qualified.clone(), plugin.clone(), wish);
                    started.push(Question::of(1, &pump.ready));
                    running.insert(entry.qualified.clone(), pump);
                }
            }
        }
        Started(started)
    }

    fn start(&self, handler: String, plugin: PluginId, wish: Wish) -> Running {
        let (wishes, wished) = watch::channel(wish);
        let (answer, answered) = watch::channel(0);
        let (is_ready, ready) = watch::channel(0);
        let counts = Arc::<Counts>::default();
        let at_once = self.hearing.policy.handlers;
        let pump = Pump {
            turns: self.turns.of(&handler, plugin.as_str(), at_once),
            handler,
            hearing: Arc::downgrade(&self.hearing),
            counts: Arc::clone(&counts),
            wishes: wished,
            answered: answer,
            ready: is_ready,
            backlog: VecDeque::new(),
            dropped_before: 0,
        };
        tokio::spawn(pump.run());
        Running {
            plugin,
            wishes,
            answered,
            ready,
            counts,
        }
    }

    /// Waits until no event waits for any handler and no handler runs.
    pub(crate) async fn idle(&self) {
        loop {
            let before = self.hearing.progress.now();
            let questions: Vec<_> = self.lock().values().map(Running::ask).collect();
            for question in questions {
                question.answered().await;
            }
            // A handler that ran meanwhile may have emitted something to one that had answered.
            let after = self.hearing.progress.now();
            if before == after && !after.is_running() {
                return;
            }
            self.hearing.progress.wait().await;
        }
    }

    /// What became of the events, by handler.
    pub(crate) fn statistics(&self) -> Vec<EventStatistic> {
        let running = self.lock();
        let statistic = |(handler, pump): (&String, &Running)| EventStatistic {
            handler: handler.clone(),
            plugin: pump.plugin.clone(),
            subject: pump.wishes.borrow().subject.clone(),
            handled: pump.counts.handled.get(),
            failed: pump.counts.failed.get(),
            skipped: pump.counts.skipped.get(),
            dropped: pump.counts.dropped.get(),
        };
        running.iter().map(statistic).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Has the pump hear what is wanted now; a question if that is something else than before.
    fn hear(&self, wanted: Wish) -> Option<Question> {
        if self.wishes.borrow().hears_like(&wanted) {
            return None;
        }
        let mut number = 0;
        self.wishes.send_modify(|wish| {
            number = wish.asked + 1;
            *wish = Wish {
                asked: number,
                ..wanted
            };
        });
        Some(Question::of(number, &self.ready))
    }

    /// Asks whether nothing waits.
    fn ask(&self) -> Question {
        let mut number = 0;
        self.wishes.send_modify(|wish| {
            wish.asked += 1;
            number = wish.asked;
        });
        Question::of(number, &self.answered)
    }
}

impl Question {
    fn of(number: u64, answered: &watch::Receiver<u64>) -> Self {
        Self {
            number,
            answered: answered.clone(),
        }
    }

    /// Waits until the pump has answered. One that has ended has nothing to wait for.
    async fn answered(mut self) {
        drop(
            self.answered
                .wait_for(|answered| *answered >= self.number)
                .await,
        );
    }
}

impl Started {
    /// Waits until the pumps hear, or the bus has once refused to let them.
    pub(crate) async fn hear(self) {
        for question in self.0 {
            question.answered().await;
        }
    }
}
