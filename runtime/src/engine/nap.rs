//! What a plugin that can be asleep is woken from, and the one attempt to wake it that all its callers wait for.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::hold::Hold;
use super::plugin::{Inner, Plugin};
use crate::manifest::Activation;
use crate::package::Package;
use crate::receipt::{Outcome, Receipt};

/// After a failed attempt calls fail for so long without another one: a plugin that cannot be woken, and is called all the time, would be
/// compiled all the time.
const RETRY_MS: u64 = 5_000;

/// Wakes plugins that are asleep: the host does.
pub(crate) trait Waker: Send + Sync + 'static {
    /// Makes a plugin ready to be called. Never called for a plugin twice at once.
    fn wake(&self, sleeper: Plugin) -> BoxFuture<'static, Result<(), Unwoken>>;

    /// The plugin under the same grant that is in the place of one that was put to sleep.
    fn successor(&self, sleeper: &Plugin) -> Option<Plugin>;
}

/// Why a plugin was not woken.
#[derive(Clone, Debug)]
pub(crate) struct Unwoken {
    /// How the calls end that have waited for it.
    pub(crate) outcome: Outcome,
    /// Why, in one line without a secret.
    pub(crate) why: String,
    /// The call of `lifecycle` that failed, if one did.
    pub(crate) receipt: Option<Box<Receipt>>,
    /// Whether another attempt would most likely fail as well.
    pub(crate) lasts: bool,
}

impl Unwoken {
    /// The host is at fault, and the next attempt may do better.
    pub(crate) fn by_host(why: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::HostFault,
            why: why.into(),
            receipt: None,
            lasts: false,
        }
    }
}

/// What a plugin that can be asleep is woken from.
pub(super) struct Nap {
    package: Package,
    /// Held while the plugin is woken, and while it is put to sleep: it comes back once it has gone.
    bed: Arc<tokio::sync::Mutex<()>>,
    attempt: Mutex<Attempt>,
}

type Woken = Result<(), Unwoken>;

/// The attempt to wake a plugin.
enum Attempt {
    None,
    /// It goes on, and tells here what came of it.
    Running(watch::Receiver<Option<Woken>>),
    Failed {
        at_ms: u64,
        why: Unwoken,
    },
}

/// What there is to wait for.
enum Wait {
    Over(Woken),
    For(watch::Receiver<Option<Woken>>),
}

impl Nap {
    pub(super) fn of(package: Package) -> Self {
        Self {
            package,
            bed: Arc::default(),
            attempt: Mutex::new(Attempt::None),
        }
    }

    /// That of the same plugin when it falls asleep again.
    pub(super) fn again(&self) -> Self {
        Self {
            bed: Arc::clone(&self.bed),
            ..Self::of(self.package.clone())
        }
    }

    pub(super) fn package(&self) -> &Package {
        &self.package
    }

    pub(super) fn activation(&self) -> Activation {
        self.package.manifest().activation
    }

    pub(super) fn bed(&self) -> &Arc<tokio::sync::Mutex<()>> {
        &self.bed
    }

    fn attempt(&self) -> MutexGuard<'_, Attempt> {
        self.attempt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What came of the attempt: a failure that lasts is remembered for a while.
    fn note(&self, woken: &Woken, now_ms: u64) {
        *self.attempt() = match woken {
            Err(why) if why.lasts => Attempt::Failed {
                at_ms: now_ms,
                why: why.clone(),
            },
            _ => Attempt::None,
        };
    }
}

impl Attempt {
    /// What a caller is to wait for that comes now; `None` if it begins another attempt.
    fn join(&self, now_ms: u64) -> Option<Wait> {
        match self {
            // Without a sender the attempt has ended with its runtime.
            Self::Running(told) => told.has_changed().is_ok().then(|| Wait::For(told.clone())),
            // A clock that was set back ends the wait.
            Self::Failed { at_ms, why } => (*at_ms..at_ms.saturating_add(RETRY_MS))
                .contains(&now_ms)
                .then(|| {
                    let mut why = why.clone();
                    why.why.push_str("; it is tried again in some seconds");
                    Wait::Over(Err(why))
                }),
            Self::None => None,
        }
    }
}

impl Hold {
    /// Waits until the plugin is awake. Who comes first has it woken, and whether anybody goes on waiting does not matter to that. `None`
    /// if it is not awake by then.
    pub(crate) async fn awaken(&self, until: Option<Instant>) -> Option<Woken> {
        let Ok(runtime) = Handle::try_current() else {
            let why = "there is no runtime to wake the plugin on";
            return Some(Err(Unwoken::by_host(why)));
        };
        let mut told = match join(self.plugin(), &runtime) {
            Wait::Over(woken) => return Some(woken),
            Wait::For(told) => told,
        };
        let ended = async {
            let woken = told.wait_for(Option::is_some).await;
            let woken = woken.ok().and_then(|woken| woken.clone());
            woken.unwrap_or_else(|| Err(Unwoken::by_host("the host is shutting down")))
        };
        match until {
            Some(until) => tokio::time::timeout_at(until.into(), ended).await.ok(),
            None => Some(ended.await),
        }
    }
}

/// What there is to wait for; begins the attempt if nobody has.
fn join(plugin: &Arc<Inner>, runtime: &Handle) -> Wait {
    let Some(nap) = plugin.nap.as_ref() else {
        return Wait::Over(Ok(()));
    };
    let mut attempt = nap.attempt();
    // Looked at under the lock: an attempt that went well has filled it before it let go of its place.
    if plugin.body().is_some() {
        return Wait::Over(Ok(()));
    }
    let now_ms = plugin.rooms.clock.now_ms();
    if let Some(wait) = attempt.join(now_ms) {
        return wait;
    }
    let (teller, told) = watch::channel(None);
    *attempt = Attempt::Running(told.clone());
    // Whoever calls this holds the plugin, so it is not stopped yet; and is not, before the attempt has ended.
    let hold = Hold::besides(plugin);
    runtime.spawn(wake(hold, teller));
    Wait::For(told)
}

/// Wakes the plugin, and lets all know who wait for it.
async fn wake(hold: Hold, teller: watch::Sender<Option<Woken>>) {
    let plugin = Arc::clone(hold.plugin());
    let Some(nap) = plugin.nap.as_ref() else {
        return;
    };
    let bed = nap.bed.lock().await;
    let sleeper = Plugin::from(Arc::clone(&plugin));
    // Made within the future, so that a panic is caught also where the host makes one at once.
    let waking = async { plugin.rooms.waker.wake(sleeper).await };
    let woken = AssertUnwindSafe(waking).catch_unwind().await;
    let woken = woken.unwrap_or_else(|_| {
        let why = "the host panicked while it woke the plugin";
        tracing::error!(plugin = %plugin.identity().plugin, "{why}");
        Err(Unwoken::by_host(why))
    });
    drop(bed);
    nap.note(&woken, plugin.rooms.clock.now_ms());
    // First, so that a caller that was served finds the plugin idle.
    drop(hold);
    teller.send_replace(Some(woken));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    fn failed(at_ms: u64) -> Attempt {
        let mut why = Unwoken::by_host("no");
        why.lasts = true;
        Attempt::Failed { at_ms, why }
    }

    /// Proves M8: a failure is remembered for some seconds, and not by a clock that was set back.
    #[test]
    fn a_failure_is_remembered_for_a_while() {
        let is_over = |now_ms| matches!(failed(10_000).join(now_ms), Some(Wait::Over(Err(_))));
        assert!(is_over(10_000));
        assert!(is_over(14_999));
        assert!(!is_over(15_000));
        assert!(!is_over(9_999));
    }

    /// Proves M8: an attempt that ended with its runtime keeps nobody waiting.
    #[test]
    fn an_attempt_without_a_runtime_is_none() {
        let (teller, told) = watch::channel(None);
        let attempt = Attempt::Running(told);
        assert!(matches!(attempt.join(0), Some(Wait::For(_))));
        drop(teller);
        assert!(attempt.join(0).is_none());
    }
}
