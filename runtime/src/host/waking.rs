//! Plugins that are asleep are woken.

use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock, Weak};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::members::PluginState;
use super::switch::{load_and_enable, undo};
use super::{Host, Inner, LoadError, WakeError};
use crate::capability::Registration;
use crate::engine::{Plugin, Unwoken, Waker};
use crate::event::EventKind;
use crate::extension::Registry;
use crate::manifest::{Manifest, PluginId};
use crate::receipt::{Blame, Outcome};

/// How often a plugin waits for what it needs, where that falls asleep again before the plugin is awake: more than ever happens.
const MAX_WAITS: u32 = 8;

/// Has plugins woken by the host that they are loaded in.
pub(super) struct Wakings {
    host: OnceLock<Weak<Inner>>,
    /// One for each that may be compiled at once: more than there are cores would only take memory, and threads from the ports.
    turns: Semaphore,
}

impl Default for Wakings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            host: OnceLock::new(),
            turns: Semaphore::new(cores),
        }
    }
}

impl Wakings {
    /// Says which host wakes plugins.
    pub(super) fn serve(&self, host: &Arc<Inner>) {
        // A host is built once.
        let _first = self.host.set(Arc::downgrade(host));
    }

    fn host(&self) -> Option<Host> {
        self.host.get().and_then(Weak::upgrade).map(Host)
    }

    /// Waits until a plugin may be compiled. Not held while it waits for what it needs: that waits for a turn, too.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.turns.acquire().await.ok()
    }
}

impl Waker for Wakings {
    fn wake(&self, sleeper: Plugin) -> BoxFuture<'static, Result<(), Unwoken>> {
        let host = self.host();
        let wake = async move {
            match host {
                Some(host) => host.awaken(sleeper).await,
                None => Err(Unwoken::by_host("its host is gone")),
            }
        };
        wake.boxed()
    }

    fn successor(&self, sleeper: &Plugin) -> Option<Plugin> {
        let now = self.host()?.plugin(&sleeper.identity().plugin)?;
        now.grant().is(sleeper.grant()).then_some(now)
    }
}

/// What became of a plugin that was prepared in the stead of one that is asleep.
enum Seat {
    Taken,
    /// The plugin must not be called.
    Disabled,
    /// Something that the plugin needs is asleep.
    Early,
}

impl Host {
    /// Wakes a plugin that is asleep, whatever its manifest says of when it is to be woken, and what it needs before it. Does nothing
    /// about one that is awake. It also ends if the future is dropped.
    ///
    /// # Errors
    /// No such plugin is loaded, it is disabled, or it cannot be woken. Soon after a failure it is not tried again.
    pub async fn wake(&self, id: &PluginId) -> Result<(), WakeError> {
        match self.plugin(id) {
            None => Err(WakeError::NotLoaded(id.clone())),
            Some(plugin) if plugin.is_disabled() => Err(WakeError::Disabled(id.clone())),
            Some(_) => self.wake_member(id).await.map_err(|unwoken| {
                let plugin = id.clone();
                let Unwoken {
                    outcome,
                    why,
                    receipt,
                    ..
                } = unwoken;
                WakeError::Failed {
                    plugin,
                    why,
                    outcome,
                    receipt,
                }
            }),
        }
    }

    /// Wakes what a plugin needs that is asleep. What is disabled stays so, as where the plugin is for start-up.
    pub(super) async fn wake_dependencies(&self, manifest: &Manifest) -> Result<(), Unwoken> {
        for dependency in manifest.dependencies.keys() {
            self.wake_member(dependency).await.map_err(|unwoken| {
                let why = format!("`{dependency}`, which it needs: {}", unwoken.why);
                // Whether it lasts is remembered there.
                Unwoken {
                    why,
                    lasts: false,
                    ..unwoken
                }
            })?;
        }
        Ok(())
    }

    pub(super) async fn wake_member(&self, id: &PluginId) -> Result<(), Unwoken> {
        loop {
            let sleeper = {
                let members = self.0.read_members();
                let member = members.get(id);
                let asleep = member.filter(|member| member.state == PluginState::Asleep);
                asleep.map(|member| member.plugin.clone())
            };
            let Some(sleeper) = sleeper else {
                return Ok(());
            };
            // One that was replaced since takes no more calls; the one in its place is there already.
            if let Some(hold) = sleeper.hold() {
                return hold.awaken(None).await.unwrap_or(Ok(()));
            }
        }
    }

    /// Makes a plugin ready in a task that nobody can cancel, and tells of it.
    async fn awaken(&self, sleeper: Plugin) -> Result<(), Unwoken> {
        let woken = self.try_awaken(&sleeper).await;
        match &woken {
            Ok(()) if self.is_member(&sleeper) => self.tell(EventKind::Awake, &sleeper, ""),
            Err(unwoken) if unwoken.lasts => {
                let why = format!("cannot be woken: {}", unwoken.why);
                self.tell(EventKind::Failed, &sleeper, &why);
            }
            // It was replaced meanwhile, or may be woken by the next call.
            _ => {}
        }
        woken
    }

    async fn try_awaken(&self, sleeper: &Plugin) -> Result<(), Unwoken> {
        let Some(package) = sleeper.package() else {
            return Ok(());
        };
        if sleeper.is_disabled() {
            return Err(disabled());
        }
        self.wake_dependencies(package.manifest()).await?;
        // Its `load` and `enable` run on a plugin that nobody else knows: the one that is asleep takes its parts over when all went well.
        let pilot = {
            let _turn = self.0.wakings.turn().await;
            let code = self.compile(package, sleeper.grant()).await;
            let code = code.map_err(unwoken)?;
            let pilot = self.prepare(package.clone(), sleeper.grant().clone(), code);
            pilot.await.map_err(unwoken)?
        };
        let started = load_and_enable(&pilot).await;
        let registered = started.map_err(|receipt| unwoken(LoadError::Lifecycle(receipt)))?;
        let taken = self.seat(sleeper, &pilot, registered).await;
        if taken.is_err() {
            undo(&pilot, true).await;
        }
        taken
    }

    /// Whether a plugin is in its place, and was not replaced or unloaded.
    fn is_member(&self, plugin: &Plugin) -> bool {
        let member = self.plugin(&plugin.identity().plugin);
        member.is_some_and(|now| now.is(plugin))
    }

    /// Lets the plugin serve, once all is awake that it needs.
    async fn seat(
        &self,
        sleeper: &Plugin,
        pilot: &Plugin,
        registered: Option<Vec<Registration>>,
    ) -> Result<(), Unwoken> {
        for _ in 0..MAX_WAITS {
            match self.take_seat(sleeper, pilot, registered.as_deref())? {
                Seat::Taken => return Ok(()),
                Seat::Disabled => return Err(disabled()),
                Seat::Early => {}
            }
            if let Some(package) = sleeper.package() {
                self.wake_dependencies(package.manifest()).await?;
            }
        }
        let why = "what it needs falls asleep before it is awake";
        Err(Unwoken::by_host(why))
    }

    /// Puts the parts of a plugin that was started into the one that is asleep, and registers what that has registered: all at once, so that a
    /// change of the plugin set happens before or after. One that was replaced or unloaded meanwhile gets its parts for the calls in flight
    /// that still wait for them, and goes when those have ended.
    fn take_seat(
        &self,
        sleeper: &Plugin,
        pilot: &Plugin,
        registered: Option<&[Registration]>,
    ) -> Result<Seat, Unwoken> {
        let entries = Registry::entries_of(sleeper, registered);
        let entries = entries.map_err(|error| unwoken(error.into()))?;
        let mut members = self.0.write_members();
        if sleeper.is_disabled() {
            return Ok(Seat::Disabled);
        }
        let id = &sleeper.identity().plugin;
        let is_asleep = |id: &PluginId| {
            let member = members.get(id);
            member.is_some_and(|member| member.state == PluginState::Asleep)
        };
        let member = members.get(id).filter(|now| now.plugin.is(sleeper));
        if member.is_some_and(|member| member.manifest.dependencies.keys().any(is_asleep)) {
            return Ok(Seat::Early);
        }
        sleeper.fill(pilot, registered.map(<[_]>::to_vec));
        let member = members.get_mut(id);
        if let Some(member) = member.filter(|now| now.plugin.is(sleeper)) {
            member.state = PluginState::Enabled;
            member.registered = registered.map(<[_]>::to_vec);
            // What it hears is what its manifest says: nothing begins to hear.
            let _nobody = self.publish(|registry| registry.with(id, entries));
        }
        Ok(Seat::Taken)
    }
}

fn disabled() -> Unwoken {
    Unwoken {
        outcome: Outcome::NotRun,
        why: "it is disabled".to_owned(),
        receipt: None,
        lasts: false,
    }
}

/// What it means for the calls that wait that a plugin cannot be started.
fn unwoken(error: LoadError) -> Unwoken {
    let (outcome, lasts) = match &error {
        LoadError::ShuttingDown => (Outcome::HostFault, false),
        LoadError::Prepare(error) if error.is_of_host() => (Outcome::HostFault, true),
        LoadError::Panicked => (Outcome::HostFault, true),
        // No slot came free, or the store failed: the next attempt may do better.
        LoadError::Lifecycle(receipt) if receipt.blame == Some(Blame::Host) => {
            (Outcome::HostFault, false)
        }
        _ => (Outcome::NotRun, true),
    };
    let (why, receipt) = match error {
        LoadError::Lifecycle(receipt) => {
            let message = receipt.message.as_deref().unwrap_or_default();
            let (step, ended) = (&receipt.operation, receipt.outcome);
            let why = format!("its `{step}` ended as {ended}: {message}");
            (why, Some(receipt))
        }
        error => (error.to_string(), None),
    };
    Unwoken {
        outcome,
        why,
        receipt,
        lasts,
    }
}
