//! Loaded plugins are disabled and enabled again: by an operator, and by the guard.

use super::members::{Member, PluginState};
use super::{Changing, Host, UnloadError};
use crate::capability::Registration;
use crate::engine::{Extension, Plugin};
use crate::event::EventKind;
use crate::extension::Registry;
use crate::extension::lifecycle::{Lifecycle, Step};
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
        if member.state == PluginState::Enabled {
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
    /// as the policy's [`GuardPolicy`](crate::guard::GuardPolicy) says; what another one failed at before is forgotten.
    ///
    /// # Errors
    /// No such plugin is loaded, or its own `enable` failed.
    pub async fn enable(&self, id: &PluginId) -> Result<(), UnloadError> {
        let changing = self.change().await;
        let mut member = self.member(id)?;
        if member.state == PluginState::Enabled {
            if self.0.guards.reason(id).is_none() {
                return Ok(());
            }
            // The guard suspended it a moment ago, and it was not yet disabled.
            self.take_out(&member).await;
            member.state = PluginState::Disabled;
        }
        step(&member.plugin, Step::Enable)
            .await
            .map_err(UnloadError::Lifecycle)?;
        let entries = Registry::entries_of(&member.plugin, member.registered.as_deref())?;
        let turn = self.0.guards.enable(member.plugin.identity()).await;
        self.0.guards.switch(id, true);
        let started = self.publish(self.registry().with(id, entries));
        self.set_state(id, PluginState::Enabled);
        self.tell_of_enabling(&member.plugin, turn);
        drop(changing);
        started.hear().await;
        Ok(())
    }

    /// Disables a plugin that the guard has suspended, unless somebody did something about it meanwhile.
    pub(super) async fn disable_suspended(&self, id: &PluginId) {
        let _changing = self.change().await;
        if let Ok(member) = self.member(id)
            && member.state == PluginState::Enabled
            && self.0.guards.reason(id).is_some()
        {
            self.take_out(&member).await;
        }
    }

    /// Takes an enabled plugin out of the registry and lets it disable itself.
    async fn take_out(&self, member: &Member) {
        let id = &member.manifest.id;
        self.0.guards.switch(id, false);
        // Nothing begins to hear.
        let _nobody = self.publish(self.registry().set_aside(id));
        self.set_state(id, PluginState::Disabled);
        // Its failure is in the receipt that observers saw; the plugin is out all the same.
        let _recorded = step(&member.plugin, Step::Disable).await;
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

    fn set_state(&self, id: &PluginId, state: PluginState) {
        if let Some(member) = self.0.write_members().get_mut(id) {
            member.state = state;
        }
    }
}

/// Ends a change in a task of its own, which whoever waits may leave: no other change begins before it has ended.
pub(super) async fn to_the_end(
    changing: Changing,
    rest: impl Future<Output = ()> + Send + 'static,
) {
    let ended = tokio::spawn(async move {
        let _changing = changing;
        rest.await;
    });
    // It ends early only with its runtime.
    let _ended = ended.await;
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
