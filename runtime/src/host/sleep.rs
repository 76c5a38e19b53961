//! Plugins that nobody calls are put to sleep.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::lifecycle::farewell;
use super::members::{Member, Members, PluginState};
use super::switch::to_the_end;
use super::{Host, Inner};
use crate::engine::Plugin;
use crate::event::EventKind;
use crate::extension::{Entry, Registry};
use crate::manifest::PluginId;

/// Idle plugins are looked for four times in the time after which they are idle, but no more often than this, which costs next to nothing.
const MIN_PERIOD_MS: u64 = 50;

/// And no more seldom than this.
const MAX_PERIOD_MS: u64 = 30_000;

/// The task that puts idle plugins to sleep, once there is a plugin that can be. It goes with its host.
#[derive(Default)]
pub(super) struct Sweeper(Mutex<Option<JoinHandle<()>>>);

impl Sweeper {
    /// Begins the task, if it does not run already.
    fn start(&self, host: &Arc<Inner>, idle_ms: u64) {
        let mut task = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // It ends early only with its runtime.
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            let period = (idle_ms / 4).clamp(MIN_PERIOD_MS, MAX_PERIOD_MS);
            let sweep = sweep(Arc::downgrade(host), Duration::from_millis(period));
            *task = Some(tokio::spawn(sweep));
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        let task = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task {
            task.abort();
        }
    }
}

async fn sweep(host: Weak<Inner>, period: Duration) {
    loop {
        tokio::time::sleep(period).await;
        let Some(host) = host.upgrade() else {
            return;
        };
        let _asleep = Host(host).put_idle_to_sleep().await;
    }
}

impl Host {
    /// Has idle plugins put to sleep from now on, if this one can be and the policy says so.
    pub(super) fn watch_for_idle(&self, plugin: &Plugin) {
        match self.0.policy.idle_ms {
            None | Some(0) => {}
            Some(idle_ms) if plugin.can_sleep() => self.0.sweeper.start(&self.0, idle_ms),
            Some(_) => {}
        }
    }

    /// Puts the plugins to sleep that can be woken and were not called for the time that [`Policy::idle_ms`](crate::Policy::idle_ms) says,
    /// and gives their ids; none without such a time. A host does this by itself from time to time, unless that time is 0.
    ///
    /// A plugin with a call in flight is not idle, nor is one that another one needs which is awake. It disables and stops itself, its code and
    /// its warm instances are dropped, and what it registered stays registered. A call that comes meanwhile waits until it is awake again.
    pub async fn put_idle_to_sleep(&self) -> Vec<PluginId> {
        let mut asleep = Vec::new();
        let Some(idle_ms) = self.0.policy.idle_ms else {
            return asleep;
        };
        // Once more after each that fell asleep: what it needed may follow.
        loop {
            let before = asleep.len();
            for id in self.idle(idle_ms) {
                if !asleep.contains(&id) && self.put_to_sleep(&id, idle_ms).await {
                    asleep.push(id);
                }
            }
            if asleep.len() == before {
                return asleep;
            }
        }
    }

    fn idle(&self, idle_ms: u64) -> Vec<PluginId> {
        let members = self.0.read_members();
        let idle = members
            .values()
            .filter(|member| is_idle(member, &members, idle_ms));
        idle.map(|member| member.manifest.id.clone()).collect()
    }

    /// Puts a plugin to sleep, unless it is not idle any more. Once begun it ends, also if the future is dropped.
    async fn put_to_sleep(&self, id: &PluginId, idle_ms: u64) -> bool {
        let changing = self.change().await;
        let Some(plugin) = self.plugin(id) else {
            return false;
        };
        // Until it has gone it is not woken: it finds what it left when it was stopped.
        let Some(bed) = plugin.in_bed().await else {
            return false;
        };
        let Some(old) = self.0.read_members().get(id).cloned() else {
            return false;
        };
        let Some(asleep) = old.plugin.asleep_again() else {
            return false;
        };
        // Only what its `load` has registered can call it back: what others see does not change with its sleep.
        let Ok(entries) = Registry::entries_of(&asleep, old.registered.as_deref()) else {
            return false;
        };
        if !self.lay_down(&old.plugin, asleep, entries, idle_ms) {
            return false;
        }
        self.tell(EventKind::Asleep, &old.plugin, "");
        to_the_end(changing, async move {
            farewell(old).await;
            drop(bed);
        })
        .await;
        true
    }

    /// Puts one that is asleep in the place of an idle plugin. Closing it and replacing it are one step for those who look it up.
    fn lay_down(&self, old: &Plugin, asleep: Plugin, entries: Vec<Entry>, idle_ms: u64) -> bool {
        let id = old.identity().plugin.clone();
        let mut members = self.0.write_members();
        let member = members.get(&id).filter(|member| member.plugin.is(old));
        let is_idle = member.is_some_and(|member| is_idle(member, &members, idle_ms));
        if !is_idle || !old.close_if_empty() {
            return false;
        }
        let Some(member) = members.get_mut(&id) else {
            return false;
        };
        member.plugin = asleep;
        if member.state == PluginState::Enabled {
            member.state = PluginState::Asleep;
        }
        let aside = member.state == PluginState::Disabled;
        // Nothing begins to hear.
        let _nobody = self.publish(|registry| registry.with_of(&id, aside, entries));
        true
    }
}

/// Whether a plugin can go to sleep, and nobody called it for so long, and none needs it that is awake.
fn is_idle(member: &Member, members: &Members, idle_ms: u64) -> bool {
    let plugin = &member.plugin;
    let needs = |other: &Member| other.needs_awake(&member.manifest.id);
    plugin.can_sleep()
        && plugin.is_awake()
        && plugin.is_idle(idle_ms)
        && !members.values().any(needs)
}
