//! Plugins come and go while others serve.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::dependencies::{self, DependencyError};
use super::members::{Member, PluginState};
use super::switch::{has_lifecycle, load, step};
use super::{Host, LoadError, UnloadError, settings};
use crate::engine::Plugin;
use crate::event::EventKind;
use crate::extension::Registry;
use crate::extension::lifecycle::{Lifecycle, Step};
use crate::grant::{Consent, Grant};
use crate::manifest::{Manifest, PluginId};
use crate::package::Package;
use crate::subject::Subject;

impl Host {
    /// Decides, reads the plugin's settings, compiles, links, runs its `load` and `enable`, and registers what it contributes. If a plugin with the same id is
    /// loaded, the new one takes its place: calls in flight end on the old one, and no call is lost between the two.
    ///
    /// A plugin whose id the guard has disabled is loaded and stays disabled, whatever its version: its `load` runs, its `enable` does not,
    /// and nothing of it is registered until [`Host::enable`].
    ///
    /// # Errors
    /// Why the plugin was refused. The old one, if there was one, serves on.
    pub async fn load(&self, package: Package, consent: &Consent) -> Result<Plugin, LoadError> {
        self.load_with(package, consent, &BTreeSet::new()).await
    }

    /// Like [`Host::load`], under a grant that was decided before, for example one that an operator has looked at.
    ///
    /// # Errors
    /// Why the plugin was refused; among others [`PrepareError::OtherBytes`](crate::engine::PrepareError::OtherBytes) for a grant of
    /// other bytes.
    pub async fn load_granted(&self, package: Package, grant: Grant) -> Result<Plugin, LoadError> {
        let _changing = self.0.changing.lock().await;
        self.check_dependencies(package.manifest(), &BTreeSet::new())?;
        self.install(package, grant).await
    }

    /// Like [`Host::load`], knowing which plugins were refused before.
    pub(super) async fn load_with(
        &self,
        package: Package,
        consent: &Consent,
        lost: &BTreeSet<PluginId>,
    ) -> Result<Plugin, LoadError> {
        let _changing = self.0.changing.lock().await;
        self.check_dependencies(package.manifest(), lost)?;
        let grant = Grant::decide(&package, self.catalogue(), &self.0.policy, consent)?;
        self.install(package, grant).await
    }

    fn check_dependencies(
        &self,
        manifest: &Manifest,
        lost: &BTreeSet<PluginId>,
    ) -> Result<(), DependencyError> {
        let version_of = |id: &PluginId| {
            let members = self.0.read_members();
            members
                .get(id)
                .map(|member| member.manifest.version.clone())
        };
        let refused = |id: &PluginId| lost.contains(id);
        dependencies::check(&manifest.id, &manifest.dependencies, version_of, refused)?;
        // Those that need this plugin must be able to use the version that takes the place of theirs.
        let members = self.0.read_members();
        members.values().try_for_each(|member| {
            dependencies::check_dependent(&member.manifest, &manifest.id, &manifest.version)
        })
    }

    /// Starts a plugin and puts it in the place of the one before it.
    async fn install(&self, package: Package, grant: Grant) -> Result<Plugin, LoadError> {
        let id = package.manifest().id.clone();
        let installed = self.try_install(package, grant).await;
        if installed.is_err() && self.plugin(&id).is_none() {
            self.0.guards.forget(&id);
        }
        installed
    }

    async fn try_install(&self, package: Package, grant: Grant) -> Result<Plugin, LoadError> {
        let manifest = package.manifest().clone();
        let id = manifest.id.clone();
        let plugin = self.prepare(package, grant).await?;
        let registered = load(&plugin).await.map_err(LoadError::Lifecycle)?;
        // What was disabled for its failures stays so in whatever version, until an operator enables it.
        let disabled = self.0.guards.reason(&id);
        if disabled.is_none() {
            step(&plugin, Step::Enable)
                .await
                .map_err(LoadError::Lifecycle)?;
        }
        let mut entries = Registry::entries_of(&plugin, registered.as_deref())?;
        let mut state = PluginState::Enabled;
        if disabled.is_some() {
            entries.clear();
            state = PluginState::Disabled;
        }
        let member = Member {
            plugin: plugin.clone(),
            manifest,
            state,
            registered,
        };
        let replaced = self.0.write_members().insert(id.clone(), member);
        let registry = self.registry().with(&id, entries);
        self.0.registry.replace(registry);
        self.0.guards.succeed(&id);
        self.tell_of_load(&plugin, disabled);
        if let Some(old) = replaced {
            farewell(old).await;
        }
        Ok(plugin)
    }

    fn tell_of_load(&self, plugin: &Plugin, disabled: Option<String>) {
        let stays = disabled.map(|reason| format!("stays {reason}"));
        let message = stays.unwrap_or_default();
        self.tell(EventKind::Loaded, plugin, &message);
        if message.is_empty() {
            self.tell(EventKind::Enabled, plugin, "");
        }
    }

    /// Reads the settings and compiles, off the threads that serve.
    async fn prepare(&self, package: Package, grant: Grant) -> Result<Plugin, LoadError> {
        let rooms = Arc::clone(&self.0.rooms);
        let source = Arc::clone(&self.0.settings);
        let plugin = grant.identity();
        let span =
            tracing::info_span!("prepare", plugin = %plugin.plugin, version = %plugin.version);
        let prepare = move || {
            let _span = span.enter();
            let configuration = settings::configuration(&*source, package.manifest())?;
            Ok(Plugin::prepare(&rooms, &package, grant, configuration)?)
        };
        let prepared = tokio::task::spawn_blocking(prepare).await;
        prepared.map_err(|_| LoadError::ShuttingDown)?
    }

    /// Takes a plugin out: nothing new is called, calls in flight end, then it is disabled and stopped.
    ///
    /// # Errors
    /// No such plugin, or others need it.
    pub async fn unload(&self, id: &PluginId) -> Result<(), UnloadError> {
        let _changing = self.0.changing.lock().await;
        let dependents: Vec<_> = {
            let members = self.0.read_members();
            let needs = |member: &&Member| member.manifest.dependencies.contains_key(id);
            members
                .values()
                .filter(needs)
                .map(|member| member.manifest.id.clone())
                .collect()
        };
        if !dependents.is_empty() {
            return Err(UnloadError::Needed {
                id: id.clone(),
                dependents,
            });
        }
        let member = self
            .0
            .write_members()
            .remove(id)
            .ok_or_else(|| UnloadError::NotLoaded(id.clone()))?;
        self.0
            .registry
            .replace(self.registry().with(id, Vec::new()));
        let plugin = member.plugin.clone();
        farewell(member).await;
        self.0.guards.forget(id);
        self.tell(EventKind::Unloaded, &plugin, "");
        Ok(())
    }
}

/// Waits for the calls in flight of a plugin that goes, and lets it disable and stop itself: in a task of its own, which whoever waits
/// may leave. Failures are in the receipts.
async fn farewell(member: Member) {
    let gone = tokio::spawn(async move {
        member.plugin.drain().await;
        leave(&member).await;
    });
    // It ends early only with its runtime.
    let _gone = gone.await;
}

async fn leave(member: &Member) {
    if !has_lifecycle(&member.plugin) {
        return;
    }
    if member.state == PluginState::Enabled {
        let _recorded = member
            .plugin
            .call_drained::<Lifecycle>(Subject::none(), Step::Disable)
            .await;
    }
    let _recorded = member
        .plugin
        .call_drained::<Lifecycle>(Subject::none(), Step::Stop)
        .await;
}
