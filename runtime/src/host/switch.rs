//! Loaded plugins are disabled and enabled again: by an operator, and by the guard.

use super::members::{Member, PluginState};
use super::{Changing, Host, UnloadError};
use crate::capability::Registration;
use crate::engine::{Extension, Plugin};
use crate::event::EventKind;
use crate::extension::events::Started;
use crate::extension::lifecycle::{Lifecycle, Step};
use crate::extension::{Entry, Registry};
use crate::guard::Turn;
use crate::manifest::PluginId;
use crate::receipt::{Outcome, Receipt};
use crate::subject::Subject;

impl Host {
    /// Lets a plugin serve no longer; it stays loaded, and stays disabled if another version takes its place. Nothing of it is registered, and
    /// calls of it end as [`Outcome::NotRun`], whether by [`Host::call`] or by a [`Plugin`]; those in flight go on. Disabling one that is
    /// disabled does nothing. Once begun it ends, also if the future is dropped.
    ///
    /// # Errors
    /// No such plugin is loaded.
    pub async fn disable(&self, id: &PluginId) -> Result<(), UnloadError> {
        let changing = self.change().await;
        let member = self.member(id)?;
        if member.state != PluginState::Disabled {
            let host = self.clone();
            to_the_end(changing, async move {
                host.take_out(&member).await;
                host.tell(EventKind::Disabled, &member.plugin, "");
            })
            .await;
        }
        Ok(())
    }

    /// Lets a disabled plugin serve again. Enabling one that is enabled does nothing. One that the guard disabled is on trial from then on,
    /// as the policy's [`GuardPolicy`](crate::guard::GuardPolicy) says; what another one failed at before is forgotten. One that is asleep goes on
    /// sleeping, unless one that is awake needs it. Once begun it ends, also if the future is dropped.
    ///
    /// # Errors
    /// No such plugin is loaded, or its own `enable` failed.
    pub async fn enable(&self, id: &PluginId) -> Result<(), UnloadError> {
        let changing = self.change().await;
        let (host, id) = (self.clone(), id.clone());
        let enabled = to_the_end(changing, async move { host.enable_now(&id).await });
        let started = enabled.await.unwrap_or(Err(UnloadError::ShuttingDown))?;
        if let Some(started) = started {
            started.hear().await;
        }
        Ok(())
    }

    /// Enables a plugin, unless it is; gives the handlers that begin to hear.
    async fn enable_now(&self, id: &PluginId) -> Result<Option<Started>, UnloadError> {
        let member = self.member(id)?;
        if member.state != PluginState::Disabled {
            if self.0.guards.reason(id).is_none() {
                return Ok(None);
            }
            // The guard suspended it a moment ago, and it was not yet disabled.
            self.take_out(&member).await;
        }
        // One that is asleep goes on sleeping: its next call wakes it.
        if member.plugin.is_awake() {
            let awake = self.wake_dependencies(&member.manifest).await;
            awake.map_err(|unwoken| UnloadError::Asleep(unwoken.why))?;
            let enabled = step(&member.plugin, Step::Enable).await;
            enabled.map_err(UnloadError::Lifecycle)?;
        }
        let member = self.member(id)?;
        let entries = Registry::entries_of(&member.plugin, member.registered.as_deref())?;
        let turn = self.0.guards.enable(member.plugin.identity()).await;
        self.0.guards.switch(id, true);
        let started = self.let_serve(id, entries);
        self.tell_of_enabling(&member.plugin, turn);
        if self.is_needed_awake(id) {
            // A failure is told where it is woken. It is enabled all the same, and its next call tries again.
            let _told = self.wake_member(id).await;
        }
        Ok(started)
    }

    /// Whether a plugin needs this one that is awake.
    fn is_needed_awake(&self, id: &PluginId) -> bool {
        let members = self.0.read_members();
        members.values().any(|member| member.needs_awake(id))
    }

    /// Disables a plugin that the guard has suspended, unless somebody did something about it meanwhile.
    pub(super) async fn disable_suspended(&self, id: &PluginId) {
        let _changing = self.change().await;
        if let Ok(member) = self.member(id)
            && member.state != PluginState::Disabled
            && self.0.guards.reason(id).is_some()
        {
            self.take_out(&member).await;
        }
    }

    /// Takes a plugin that serves, or is asleep, out of the registry, and lets it disable itself if it was awake.
    async fn take_out(&self, member: &Member) {
        let id = &member.manifest.id;
        self.0.guards.switch(id, false);
        {
            let mut members = self.0.write_members();
            if let Some(member) = members.get_mut(id) {
                member.state = PluginState::Disabled;
                // Nothing begins to hear.
                let _nobody = self.publish(|registry| registry.set_aside(id));
            }
        }
        // It is not woken from here on, but may have been until now.
        if member.plugin.is_awake() {
            // Its failure is in the receipt that observers saw; the plugin is out all the same.
            let _recorded = step(&member.plugin, Step::Disable).await;
        }
    }

    fn tell_of_enabling(&self, plugin: &Plugin, turn: Option<Turn>) {
        self.tell(EventKind::Enabled, plugin, "");
        if turn == Some(Turn::Recovered) {
            self.tell(EventKind::Recovered, plugin, "");
        }
        if let Some(left) = self.0.guards.trial(&plugin.identity().plugin) {
            let message = format!("{left} calls must go well");
            self.tell(EventKind::Probation, plugin, &message);
        }
    }

    /// Tells of something that happened to a plugin outside of any call.
    pub(super) fn tell(&self, kind: EventKind, plugin: &Plugin, message: &str) {
        self.0.bulletin.tell(kind, plugin.identity(), None, message);
    }

    fn member(&self, id: &PluginId) -> Result<Member, UnloadError> {
        self.0
            .read_members()
            .get(id)
            .cloned()
            .ok_or_else(|| UnloadError::NotLoaded(id.clone()))
    }

    /// Lets a plugin serve that was disabled. One that was being woken all the time may be awake by now, and then serves already.
    fn let_serve(&self, id: &PluginId, entries: Vec<Entry>) -> Option<Started> {
        let mut members = self.0.write_members();
        let member = members.get_mut(id);
        let member = member.filter(|member| member.state == PluginState::Disabled)?;
        member.state = match member.plugin.is_awake() {
            true => PluginState::Enabled,
            false => PluginState::Asleep,
        };
        Some(self.publish(|registry| registry.with(id, entries)))
    }
}

/// Ends a change in a task of its own, which whoever waits may leave: no other change begins before it has ended. `None` if its runtime goes.
pub(super) async fn to_the_end<T: Send + 'static>(
    changing: Changing,
    rest: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let ended = tokio::spawn(async move {
        let _changing = changing;
        rest.await
    });
    // It ends early only with its runtime.
    ended.await.ok()
}

/// Runs `load`; gives what it registered, or `None` for a plugin without `lifecycle`.
pub(super) async fn load(plugin: &Plugin) -> Result<Option<Vec<Registration>>, Box<Receipt>> {
    if !has_lifecycle(plugin) {
        return Ok(None);
    }
    let (receipt, registered) = plugin.load::<Lifecycle>(Subject::none(), Step::Load).await;
    match receipt.outcome {
        Outcome::Returned => Ok(Some(registered)),
        _ => Err(Box::new(receipt)),
    }
}

/// Runs `load` and `enable`. A plugin that was loaded and cannot be enabled stops itself.
pub(super) async fn load_and_enable(
    plugin: &Plugin,
) -> Result<Option<Vec<Registration>>, Box<Receipt>> {
    let registered = load(plugin).await?;
    if let Err(receipt) = step(plugin, Step::Enable).await {
        undo(plugin, false).await;
        return Err(receipt);
    }
    Ok(registered)
}

/// Has a plugin stop itself that was started and served nobody, and disable itself before if it is enabled. Its failures are in the receipts.
pub(super) async fn undo(plugin: &Plugin, is_enabled: bool) {
    if is_enabled {
        let _recorded = step(plugin, Step::Disable).await;
    }
    let _recorded = step(plugin, Step::Stop).await;
}

/// Runs a step of a plugin's life, if it has `lifecycle`.
pub(super) async fn step(plugin: &Plugin, step: Step) -> Result<(), Box<Receipt>> {
    if !has_lifecycle(plugin) {
        return Ok(());
    }
    let receipt = plugin
        .call_as_steward::<Lifecycle>(Subject::none(), step)
        .await;
    match receipt.outcome {
        Outcome::Returned => Ok(()),
        _ => Err(Box::new(receipt)),
    }
}

pub(super) fn has_lifecycle(plugin: &Plugin) -> bool {
    plugin
        .grant()
        .extensions()
        .any(|decision| decision.extension == Lifecycle::DESCRIPTOR.id)
}
