//! A host of plugins: what an application embeds.

mod builder;
mod compiling;
mod dependencies;
mod discovery;
mod error;
mod events;
mod guard;
mod lifecycle;
mod local_bus;
mod members;
mod settings;
mod sleep;
mod switch;
mod waking;

use std::sync::{Arc, RwLock};

pub use builder::{BuildError, HostBuilder, State};
pub use dependencies::DependencyError;
pub use discovery::{Candidate, Discovery};
pub use error::{LoadError, LoadReport, UnloadError, WakeError};
pub use events::EmitError;
pub use local_bus::LocalBus;
pub use members::{PluginState, PluginStatus};
pub use settings::{SettingsSource, StaticSettings};

use guard::Guards;
use members::Members;
use serde_json::{Map, Value};
use sleep::Sweeper;
use waking::Wakings;

use crate::bus::Bus;
use crate::enabled::{EnabledPlugins, EnabledSource};
use crate::engine::{HostRooms, Plugin, Typed};
use crate::extension::candidates::{self, Proposals};
use crate::extension::commands::{self, CommandEntry, Invocation, Invoked};
use crate::extension::conditions::{self, Evaluation};
use crate::extension::effects::{self, Application};
use crate::extension::events::Pumps;
use crate::extension::hooks::{self, HookEntry, HookError, Hooked, HookedJson, Points, Stage};
use crate::extension::scoring::{self, Rescored};
use crate::extension::simulation::{self, Settings};
use crate::extension::{Registry, Scene, SharedRegistry};
use crate::grant::{Consent, Explanation, Policy};
use crate::hook_point::Point;
use crate::manifest::PluginId;
use crate::observe::Bulletin;
use crate::package::Package;
use crate::permission::Catalogue;
use crate::receipt::Receipt;
use crate::subject::Subject;

/// A host of plugins. Cheap to clone; all clones are one host. All methods may be called from many tasks at once.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    rooms: Arc<HostRooms>,
    policy: Policy,
    settings: Arc<dyn SettingsSource>,
    enabled: Arc<dyn EnabledSource>,
    registry: Arc<SharedRegistry>,
    points: Points,
    pumps: Pumps,
    members: RwLock<Members>,
    guards: Arc<Guards>,
    wakings: Arc<Wakings>,
    sweeper: Sweeper,
    bulletin: Bulletin,
    /// One change of the plugin set at a time. Calls do not take it.
    changing: Arc<tokio::sync::Mutex<()>>,
}

/// That a change of the plugin set goes on: no other one begins.
type Changing = tokio::sync::OwnedMutexGuard<()>;

impl Host {
    /// Waits until no other change of the plugin set goes on.
    async fn change(&self) -> Changing {
        Arc::clone(&self.0.changing).lock_owned().await
    }

    /// Begins a host.
    pub fn builder() -> HostBuilder {
        HostBuilder::new()
    }

    /// What the host offers to plugins.
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.rooms.catalogue
    }

    /// What the host allows at most.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// What would be decided about a package, in full.
    pub fn explain(&self, package: &Package, consent: &Consent) -> Explanation {
        Explanation::of(package, self.catalogue(), &self.0.policy, consent)
    }

    /// The bus that events travel on.
    pub fn bus(&self) -> &Arc<dyn Bus> {
        &self.0.rooms.bus
    }

    /// Which plugins a world uses, as the host was told when it was built.
    pub fn enabled(&self, world: &str) -> EnabledPlugins {
        self.0.enabled.enabled(world)
    }

    /// What the enabled plugins contribute now.
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.0.registry.snapshot())
    }

    /// Calls an extension of a loaded plugin, of the host's own making or an embedder's; `None` if no such plugin is loaded. The
    /// call of one that is disabled ends as [`Outcome::NotRun`](crate::Outcome::NotRun).
    pub async fn call<E: Typed>(
        &self,
        plugin: &PluginId,
        subject: Subject,
        request: E::Request,
    ) -> Option<Receipt<E::Reply>> {
        loop {
            let found = self.plugin(plugin)?;
            // One that was replaced since it was looked up takes no more calls; its successor is there already.
            if let Some(hold) = found.hold() {
                return Some(hold.call::<E>(subject, request).await);
            }
        }
    }

    /// The loaded plugin with this id.
    pub fn plugin(&self, id: &PluginId) -> Option<Plugin> {
        self.0
            .read_members()
            .get(id)
            .map(|member| member.plugin.clone())
    }

    /// Asks a condition by its qualified name, `plugin:<id>:<name>`. One that fails, or is not there, counts as false.
    pub async fn evaluate(
        &self,
        condition: &str,
        scene: Scene<'_>,
        params: &Map<String, Value>,
    ) -> Evaluation {
        conditions::evaluate(&self.0.registry, condition, scene, params).await
    }

    /// Applies an effect by its qualified name, `effect:plugin:<id>:<name>`. The manifest's default parameters are laid under `params`.
    pub async fn apply(
        &self,
        effect: &str,
        scene: Scene<'_>,
        params: &Map<String, Value>,
    ) -> Application {
        effects::apply(&self.0.registry, effect, scene, params).await
    }

    /// The settings that the simulation providers of the scene's world want, merged by priority.
    pub async fn simulation(&self, scene: Scene<'_>) -> Settings {
        simulation::provide(&self.0.registry, scene).await
    }
    /// The activities that the plugins of the scene's world propose to its NPC, in order of priority. A provider that fails proposes none.
    pub async fn candidates(&self, scene: Scene<'_>) -> Proposals {
        candidates::propose(&self.0.registry, scene).await
    }

    /// The scores of the candidates once the plugins of the scene's world have overridden them. All see the scores as they are given here;
    /// where two override one, the higher priority wins. One that fails overrides nothing.
    pub async fn rescore(&self, scene: Scene<'_>, candidates: &[scoring::Candidate]) -> Rescored {
        scoring::rescore(&self.0.registry, scene, candidates).await
    }

    /// Asks the handlers at the hook point that the type declares, one after the other, each with the data as those before have changed it.
    /// Whatever becomes of them, the host goes on with what it gets: the data, and whether it is to stop.
    ///
    /// At a point that was not declared with [`HostBuilder::hook_point`] nobody is asked, which the receipt calls a fault; where the type's point may
    /// be blocked, it is, if a handler there fails closed.
    pub async fn hook<P: Point>(&self, scene: Scene<'_>, data: P) -> Hooked<P> {
        self.stage().hook(scene, data).await
    }

    /// Like [`Host::hook`], for a point that is known by its name only.
    ///
    /// # Errors
    /// The host has no such point, or the data does not fit it. Nobody was asked.
    pub async fn hook_json(
        &self,
        point: &str,
        scene: Scene<'_>,
        data: Map<String, Value>,
    ) -> Result<HookedJson, HookError> {
        self.stage().hook_json(point, scene, data).await
    }

    /// The handlers of hook points, in the order in which they are asked, the points by name.
    pub fn hook_handlers(&self) -> Vec<HookEntry> {
        hooks::list(&self.0.registry.snapshot())
    }

    fn stage(&self) -> Stage<'_> {
        Stage {
            points: &self.0.points,
            registry: &self.0.registry,
            policy: self.0.policy.hooks,
            observers: &self.0.rooms.observers,
        }
    }

    /// Carries out a command by its qualified name, `command:plugin:<id>:<name>`. Its arguments are checked and its defaults filled in before the
    /// plugin is called. If the invocation names a response channel, what is replied is published there too: events first, then exactly one
    /// result or error, also if this future is dropped.
    pub async fn invoke(&self, command: &str, scene: Scene<'_>, invocation: Invocation) -> Invoked {
        commands::invoke(&self.0.registry, self.bus(), command, scene, invocation).await
    }

    /// The qualified name of the command that users mean by a name or an alias, among the plugins that a world uses. Names come before aliases,
    /// and the plugin that was loaded first before the others; `<plugin>:<name>` means one plugin's.
    pub fn command(&self, name: &str, enabled: &EnabledPlugins) -> Option<String> {
        commands::find(&self.0.registry.snapshot(), name, enabled)
    }

    /// The commands of the plugins that a world uses, in the order of registration: what a help text is made of.
    pub fn commands(&self, enabled: &EnabledPlugins) -> Vec<CommandEntry> {
        commands::list(&self.0.registry.snapshot(), enabled)
    }
}
