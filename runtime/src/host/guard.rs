//! The crash-loop guard of a host: a guard for each plugin, kept in the host's store, which suspends the plugin where its last call ends
//! and then has the host disable it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tokio::sync::watch;

use super::{Host, Inner};
use crate::clock::SharedClock;
use crate::engine::Warden;
use crate::event::EventKind;
use crate::guard::{GuardPolicy, GuardRecord, GuardStore, Stand, Standing, Turn};
use crate::identity::{CallId, Identity};
use crate::manifest::PluginId;
use crate::observe::{Bulletin, Guard, Verdict};
use crate::receipt::Record;

/// The guards of all plugins of a host.
pub(super) struct Guards {
    policy: GuardPolicy,
    clock: SharedClock,
    store: Option<Arc<dyn GuardStore>>,
    bulletin: Bulletin,
    plugins: Mutex<BTreeMap<PluginId, Arc<Guarded>>>,
    /// Where plugins are disabled; set once the host is there.
    host: OnceLock<Weak<Inner>>,
}

/// A plugin under guard.
struct Guarded {
    standing: Arc<Standing>,
    /// Taken for calls that fail and while there is something to watch: never for a call that goes well of a plugin in order.
    guard: Mutex<Guard>,
    /// How many turns have happened that nobody was told of yet. Counted up under the guard's lock.
    untold: watch::Sender<usize>,
}

impl Guards {
    /// The guards as the store has kept them.
    pub(super) fn new(
        policy: GuardPolicy,
        clock: SharedClock,
        store: Option<Arc<dyn GuardStore>>,
        bulletin: Bulletin,
    ) -> Self {
        let kept = store.as_deref().map(read);
        let guarded = |(plugin, record)| (plugin, Arc::new(Guarded::new(&policy, record)));
        let plugins = kept.unwrap_or_default().into_iter().map(guarded).collect();
        Self {
            plugins: Mutex::new(plugins),
            policy,
            clock,
            store,
            bulletin,
            host: OnceLock::new(),
        }
    }

    /// Says which host disables plugins.
    pub(super) fn serve(&self, host: &Arc<Inner>) {
        // A host is built once.
        let _first = self.host.set(Arc::downgrade(host));
    }

    /// Why the plugin is disabled, if it is.
    pub(super) fn reason(&self, plugin: &PluginId) -> Option<String> {
        let guarded = self.guarded(plugin);
        let guard = guarded.lock();
        guard.reason().map(str::to_owned)
    }

    /// How many calls must still go well, if the plugin is on trial.
    pub(super) fn trial(&self, plugin: &PluginId) -> Option<u32> {
        self.guarded(plugin).lock().trial()
    }

    /// An operator enables the plugin, once all have heard of what it answers: who reads the events finds them in the order in which things
    /// happened. Gives what others are to hear of.
    pub(super) async fn enable(&self, plugin: &Identity) -> Option<Turn> {
        let guarded = self.guarded(&plugin.plugin);
        let mut untold = guarded.untold.subscribe();
        loop {
            // The sender is here, so this waits and does not fail.
            drop(untold.wait_for(|untold| *untold == 0).await);
            let mut guard = guarded.lock();
            if *guarded.untold.borrow() > 0 {
                continue;
            }
            let verdict = guard.enabled();
            if verdict.keep {
                guarded.standing.begin_term();
            }
            return self.settle(plugin, None, &guarded, &guard, verdict);
        }
    }

    /// The host lets calls of the plugin through, or no longer: in all of its versions, and whatever the guard thinks of it.
    pub(super) fn switch(&self, plugin: &PluginId, on: bool) {
        let guarded = self.guarded(plugin);
        let _guard = guarded.lock();
        guarded.standing.switch(on);
    }

    /// The plugin is gone. What it failed at is remembered, if anything.
    pub(super) fn forget(&self, plugin: &PluginId) {
        // Its lock before that of all, which calls of other plugins may wait for: somebody may be writing its record.
        let guarded = self.guarded(plugin);
        let guard = guarded.lock();
        guarded.standing.switch(true);
        if *guard.record() == GuardRecord::default() {
            self.plugins().remove(plugin);
        }
    }

    /// Makes a verdict known to calls and to the store.
    fn settle(
        &self,
        plugin: &Identity,
        call: Option<CallId>,
        guarded: &Guarded,
        guard: &Guard,
        verdict: Verdict,
    ) -> Option<Turn> {
        guarded
            .standing
            .set(guard.reason().is_some(), guard.is_watching());
        if let Some(store) = self.store.as_ref().filter(|_| verdict.keep) {
            // Under the plugin's lock, so that the store gets the records in their order.
            let write = || store.write(&plugin.plugin, guard.record());
            if catch_unwind(AssertUnwindSafe(write)).is_err() {
                tracing::error!(
                    plugin = %plugin.plugin,
                    version = %plugin.version,
                    call = call.map(display),
                    "the store of the guard's records panicked"
                );
            }
        }
        verdict.turn
    }

    fn guarded(&self, plugin: &PluginId) -> Arc<Guarded> {
        let mut plugins = self.plugins();
        if let Some(guarded) = plugins.get(plugin) {
            return Arc::clone(guarded);
        }
        let guarded = Arc::new(Guarded::new(&self.policy, GuardRecord::default()));
        plugins.insert(plugin.clone(), Arc::clone(&guarded));
        guarded
    }

    fn plugins(&self) -> MutexGuard<'_, BTreeMap<PluginId, Arc<Guarded>>> {
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was kept; nothing, if the store panics.
fn read(store: &dyn GuardStore) -> BTreeMap<PluginId, GuardRecord> {
    catch_unwind(AssertUnwindSafe(|| store.read())).unwrap_or_else(|_| {
        tracing::error!("the store of the guard's records panicked, and none is known");
        BTreeMap::new()
    })
}

impl Guarded {
    fn new(policy: &GuardPolicy, record: GuardRecord) -> Self {
        let guard = Guard::new(policy.clone(), record);
        let standing = Standing::default();
        standing.set(guard.reason().is_some(), guard.is_watching());
        Self {
            standing: Arc::new(standing),
            guard: Mutex::new(guard),
            untold: watch::Sender::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Warden for Guards {
    fn standing(&self, plugin: &PluginId) -> Arc<Standing> {
        Arc::clone(&self.guarded(plugin).standing)
    }

    #[cold]
    fn ended(&self, record: &Record, began: Stand) -> Option<Turn> {
        let guarded = self.guarded(&record.plugin.plugin);
        let mut guard = guarded.lock();
        // A call of an earlier term says nothing about this one: it was in flight when the plugin was put on trial.
        if !began.is_of_the_term_of(guarded.standing.now()) {
            return None;
        }
        let verdict = guard.ended(record.outcome, self.clock.now_ms());
        let turn = self.settle(&record.plugin, Some(record.id), &guarded, &guard, verdict);
        if turn.is_some() {
            guarded.untold.send_modify(|untold| *untold += 1);
        }
        turn
    }

    #[cold]
    fn announce(&self, record: &Record, turn: Turn) {
        let plugin = &record.plugin;
        let (kind, message) = match &turn {
            Turn::Tripped(reason) => {
                tracing::warn!(
                    plugin = %plugin.plugin,
                    version = %plugin.version,
                    call = %record.id,
                    reason,
                    "the plugin is disabled"
                );
                (EventKind::Tripped, reason.as_str())
            }
            Turn::Recovered => (EventKind::Recovered, ""),
        };
        self.bulletin.tell(kind, plugin, Some(record.id), message);
        let untold = &self.guarded(&plugin.plugin).untold;
        untold.send_modify(|untold| *untold = untold.saturating_sub(1));
        let host = self.host.get().and_then(Weak::upgrade).map(Host);
        // Without a runtime the plugin is suspended all the same, and disabled when somebody enables it.
        let runtime = tokio::runtime::Handle::try_current();
        if let (Turn::Tripped(_), Some(host), Ok(runtime)) = (turn, host, runtime) {
            let plugin = plugin.plugin.clone();
            runtime.spawn(async move { host.disable_suspended(&plugin).await });
        }
    }

    #[cold]
    fn refusal(&self, plugin: &PluginId) -> String {
        match self.reason(plugin) {
            Some(reason) => format!("{reason}; enable it again to put it on trial"),
            None => "the plugin was disabled a moment ago".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;

    use futures_util::FutureExt;

    use super::*;
    use crate::guard::GuardState;
    use crate::package::Digest;

    /// A store that has one plugin, and takes its time to write.
    struct Slow {
        writes: Mutex<Sender<()>>,
        go_on: Mutex<Receiver<()>>,
    }

    fn identity() -> Identity {
        Identity {
            plugin: "slow".parse().unwrap(),
            version: semver::Version::new(1, 0, 0),
            digest: Digest::of(b""),
        }
    }

    impl GuardStore for Slow {
        fn read(&self) -> BTreeMap<PluginId, GuardRecord> {
            let state = GuardState::Open {
                since_ms: 0,
                reason: "disabled".to_owned(),
            };
            let record = GuardRecord {
                state,
                ..GuardRecord::default()
            };
            BTreeMap::from([(identity().plugin, record)])
        }

        fn write(&self, _: &PluginId, _: &GuardRecord) {
            self.writes.lock().unwrap().send(()).unwrap();
            self.go_on.lock().unwrap().recv().unwrap();
        }
    }

    /// Proves O6: who waits for one plugin's record to be written holds no other plugin up.
    #[test]
    fn a_slow_store_holds_no_other_plugin_up() {
        let ((writes, written), (go, go_on)) = (channel(), channel());
        let slow = Slow {
            writes: Mutex::new(writes),
            go_on: Mutex::new(go_on),
        };
        let guards = Guards::new(
            GuardPolicy::default(),
            SharedClock::default(),
            Some(Arc::new(slow)),
            Bulletin::default(),
        );
        thread::scope(|scope| {
            scope.spawn(|| guards.enable(&identity()).now_or_never());
            written.recv().unwrap();
            let forgetting = scope.spawn(|| guards.forget(&identity().plugin));
            thread::sleep(std::time::Duration::from_millis(20));
            let (waits, free) = (!forgetting.is_finished(), guards.plugins.try_lock().is_ok());
            go.send(()).unwrap();
            assert!(waits && free, "all plugins wait for one");
        });
        assert_eq!(guards.trial(&identity().plugin), Some(3));
    }
}
