//! Plugins come and go while others serve.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compiling::blocking;
use super::dependencies::{self, DependencyError, Needs};
use super::members::{BY_OPERATOR, Member, Members, PluginState};
use super::switch::{has_lifecycle, load, load_and_enable, to_the_end, undo};
use super::{Changing, Host, LoadError, UnloadError, settings};
use crate::engine::{Compiled, Plugin};
use crate::event::EventKind;
use crate::extension::events::Started;
use crate::extension::lifecycle::{Lifecycle, Step};
use crate::extension::{Entry, Registry};
use crate::grant::{Consent, Grant};
use crate::manifest::{Manifest, PluginId};
use crate::package::Package;
use crate::subject::Subject;

/// A plugin in its place.
struct Seated {
    plugin: Plugin,
    state: PluginState,
    /// The one before it.
    replaced: Option<Member>,
    /// The handlers that begin to hear.
    started: Started,
}

impl Host {
    /// Decides, compiles, reads the plugin's settings, links, runs its `load` and `enable`, and registers what it contributes. If a plugin with the same id is
    /// loaded, the new one takes its place: calls in flight end on the old one, and no call is lost between the two.
    ///
    /// A plugin whose id the guard has disabled, or that is loaded and an operator has disabled, is loaded and stays disabled, whatever its
    /// version: its `load` runs, its `enable` does not, and nothing of it is registered or called until [`Host::enable`].
    ///
    /// A plugin whose manifest says `[activation] on = "first-use"` or `"first-match"` is decided and checked, its settings too, and what its
    /// manifest contributes is registered; it is compiled, and its `load` and `enable` run, when it is woken: see
    /// [`Activation`](crate::manifest::Activation). Only if it takes the place of one that is awake it is started at once.
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
        let nothing_lost = BTreeSet::new();
        self.check_dependencies(package.manifest(), &nothing_lost)?;
        self.bring(package, grant, &nothing_lost).await
    }

    /// Like [`Host::load`], knowing which plugins were refused before.
    pub(super) async fn load_with(
        &self,
        package: Package,
        consent: &Consent,
        lost: &BTreeSet<PluginId>,
    ) -> Result<Plugin, LoadError> {
        self.check_dependencies(package.manifest(), lost)?;
        let (package, grant) = self.decide(package, consent.clone()).await?;
        self.bring(package, grant, lost).await
    }

    /// Compiles before it takes its turn among the changes, so that a plugin that takes long holds up no other one. What has been checked of its
    /// neighbours may have changed meanwhile, and is checked again.
    async fn bring(
        &self,
        package: Package,
        grant: Grant,
        lost: &BTreeSet<PluginId>,
    ) -> Result<Plugin, LoadError> {
        let code = match self.starts_now(package.manifest()) {
            true => Some(self.compile(&package, &grant).await?),
            false => None,
        };
        let changing = self.change().await;
        self.check_dependencies(package.manifest(), lost)?;
        self.install(package, grant, code, changing).await
    }

    /// Decides off the threads that serve: a manifest may have schemas to compile.
    async fn decide(
        &self,
        package: Package,
        consent: Consent,
    ) -> Result<(Package, Grant), LoadError> {
        let host = self.clone();
        let decide = move || {
            let grant = Grant::decide(&package, host.catalogue(), &host.0.policy, &consent)?;
            Ok((package, grant))
        };
        blocking(decide).await?
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
        let members = self.0.read_members();
        let mut needs: Needs<'_> = members
            .iter()
            .map(|(id, member)| (id, &member.manifest.dependencies))
            .collect();
        needs.insert(&manifest.id, &manifest.dependencies);
        dependencies::check_circle(&manifest.id, &needs)?;
        // Those that need this plugin must be able to use the version that takes the place of theirs.
        members.values().try_for_each(|member| {
            dependencies::check_dependent(&member.manifest, &manifest.id, &manifest.version)
        })
    }

    /// Starts a plugin and puts it in the place of the one before it.
    async fn install(
        &self,
        package: Package,
        grant: Grant,
        code: Option<Compiled>,
        changing: Changing,
    ) -> Result<Plugin, LoadError> {
        let id = package.manifest().id.clone();
        let (plugin, replaced, started) = match self.try_install(package, grant, code).await {
            Ok(installed) => installed,
            Err(error) => {
                if self.plugin(&id).is_none() {
                    self.0.guards.forget(&id);
                }
                return Err(error);
            }
        };
        match replaced {
            Some(old) => {
                let _ended = to_the_end(changing, farewell(old)).await;
            }
            None => drop(changing),
        }
        started.hear().await;
        Ok(plugin)
    }

    /// Gives the plugin, the one before it, which takes no more calls, and the handlers that begin to hear.
    async fn try_install(
        &self,
        package: Package,
        grant: Grant,
        code: Option<Compiled>,
    ) -> Result<(Plugin, Option<Member>, Started), LoadError> {
        // What is disabled stays so in whatever version, until an operator enables it.
        let disabled = self.why_disabled(&package.manifest().id);
        let mut seated = None;
        if !self.starts_now(package.manifest()) {
            let register = self.register(package.clone(), grant.clone(), disabled.is_some());
            seated = register.await?;
        }
        let seated = match seated {
            Some(seated) => seated,
            None => self.start(package, grant, code, disabled.is_some()).await?,
        };
        let Seated {
            plugin,
            state,
            replaced,
            started,
        } = seated;
        // From here on its calls are not held against the one in its place. Not earlier: who finds it closed looks for the other one.
        if let Some(old) = &replaced {
            old.plugin.close();
        }
        self.tell_of_load(&plugin, state, disabled);
        self.watch_for_idle(&plugin);
        Ok((plugin, replaced, started))
    }

    /// Whether a plugin is compiled and started when it is loaded. One that can sleep is, too, if it takes the place of one that is awake: it is
    /// in use, and should it fail, the other one serves on.
    fn starts_now(&self, manifest: &Manifest) -> bool {
        is_in_use(&self.0.read_members(), &manifest.id) || !manifest.activation.can_sleep()
    }

    /// Prepares a plugin, runs its `load`, and its `enable` unless it stays disabled, and puts it in its place.
    async fn start(
        &self,
        package: Package,
        grant: Grant,
        code: Option<Compiled>,
        disabled: bool,
    ) -> Result<Seated, LoadError> {
        let manifest = package.manifest().clone();
        if !disabled {
            let awake = self.wake_dependencies(&manifest).await;
            awake.map_err(|unwoken| LoadError::Asleep(unwoken.why))?;
        }
        let code = match code {
            Some(code) => code,
            // It was asleep when its load began.
            None => self.compile(&package, &grant).await?,
        };
        let plugin = self.prepare(package, grant, code).await?;
        let (started, state) = match disabled {
            true => (load(&plugin).await, PluginState::Disabled),
            false => (load_and_enable(&plugin).await, PluginState::Enabled),
        };
        let registered = started.map_err(LoadError::Lifecycle)?;
        let entries = match Registry::entries_of(&plugin, registered.as_deref()) {
            Ok(entries) => entries,
            Err(error) => {
                undo(&plugin, !disabled).await;
                return Err(error.into());
            }
        };
        let member = Member {
            plugin,
            manifest,
            state,
            registered,
        };
        Ok(self.enter(&mut self.0.write_members(), member, entries))
    }

    /// Checks what can be checked of a plugin without compiling it, its settings among that, and puts it in its place, asleep; `None` if the one
    /// there was woken meanwhile, and is in use.
    async fn register(
        &self,
        package: Package,
        grant: Grant,
        disabled: bool,
    ) -> Result<Option<Seated>, LoadError> {
        let manifest = package.manifest().clone();
        let source = Arc::clone(&self.0.settings);
        let check = {
            let manifest = manifest.clone();
            move || settings::configuration(&*source, &manifest).map(drop)
        };
        blocking(check).await??;
        let plugin = Plugin::asleep(&self.0.rooms, package, grant)?;
        let entries = Registry::entries_of(&plugin, None)?;
        let state = match disabled {
            true => PluginState::Disabled,
            false => PluginState::Asleep,
        };
        let mut members = self.0.write_members();
        if is_in_use(&members, &manifest.id) {
            return Ok(None);
        }
        let member = Member {
            plugin,
            manifest,
            state,
            registered: None,
        };
        Ok(Some(self.enter(&mut members, member, entries)))
    }

    /// Puts a plugin and its entries in their places.
    fn enter(&self, members: &mut Members, member: Member, entries: Vec<Entry>) -> Seated {
        let (id, state) = (member.manifest.id.clone(), member.state);
        let plugin = member.plugin.clone();
        let replaced = members.insert(id.clone(), member);
        let started =
            self.publish(|registry| registry.with_of(&id, state == PluginState::Disabled, entries));
        Seated {
            plugin,
            state,
            replaced,
            started,
        }
    }

    /// Why a plugin with this id does not serve, if the guard or an operator disabled the one that is loaded.
    fn why_disabled(&self, id: &PluginId) -> Option<String> {
        let by_operator = || {
            let members = self.0.read_members();
            let state = members.get(id).map(|member| member.state);
            (state == Some(PluginState::Disabled)).then(|| BY_OPERATOR.to_owned())
        };
        self.0.guards.reason(id).or_else(by_operator)
    }

    fn tell_of_load(&self, plugin: &Plugin, state: PluginState, disabled: Option<String>) {
        let message = match disabled {
            Some(reason) => format!("stays {reason}"),
            None if state == PluginState::Asleep => "asleep until it is needed".to_owned(),
            None => String::new(),
        };
        self.tell(EventKind::Loaded, plugin, &message);
        if state == PluginState::Enabled {
            self.tell(EventKind::Enabled, plugin, "");
        }
    }

    /// Takes a plugin out: nothing new is called, calls in flight end, then it is disabled and stopped. Once begun it ends, also if the
    /// future is dropped.
    ///
    /// # Errors
    /// No such plugin, or others need it.
    pub async fn unload(&self, id: &PluginId) -> Result<(), UnloadError> {
        let changing = self.change().await;
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
            .leave(id)
            .ok_or_else(|| UnloadError::NotLoaded(id.clone()))?;
        let host = self.clone();
        to_the_end(changing, async move {
            let plugin = member.plugin.clone();
            farewell(member).await;
            host.0.guards.forget(&plugin.identity().plugin);
            host.tell(EventKind::Unloaded, &plugin, "");
        })
        .await;
        Ok(())
    }

    /// Takes a plugin and its entries out of their places.
    fn leave(&self, id: &PluginId) -> Option<Member> {
        let mut members = self.0.write_members();
        let member = members.remove(id)?;
        // Nothing begins to hear.
        let _nobody = self.publish(|registry| registry.with(id, Vec::new()));
        Some(member)
    }
}

/// Whether a plugin serves that is awake.
fn is_in_use(members: &Members, id: &PluginId) -> bool {
    members
        .get(id)
        .is_some_and(|member| member.state == PluginState::Enabled && !member.plugin.is_disabled())
}

/// Waits for the calls in flight of a plugin that goes, lets it disable and stop itself, and gives its memory back. Failures are in the receipts.
pub(super) async fn farewell(member: Member) {
    member.plugin.drain().await;
    // One that was never woken has nothing to say.
    if member.plugin.is_awake() && has_lifecycle(&member.plugin) {
        if member.state != PluginState::Disabled {
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
    member.plugin.shed();
}
