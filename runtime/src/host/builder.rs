//! Putting a host together.

use std::marker::PhantomData;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use tokio::sync::Semaphore;

use super::guard::Guards;
use super::members::Members;
use super::sleep::Sweeper;
use super::waking::Wakings;
use super::{Host, Inner, LocalBus, SettingsSource, StaticSettings};
use crate::bus::Bus;
use crate::capability::behavior_extend::BehaviorExtend;
use crate::capability::config::Config;
use crate::capability::event_emit::EventEmit;
use crate::capability::generation::Generation;
use crate::capability::kv::Kv;
use crate::capability::log::Log;
use crate::capability::npc_read::NpcRead;
use crate::capability::npc_write::NpcWrite;
use crate::capability::permissions::Permissions;
use crate::capability::port::{JobRequest, KvRequest, NpcRequest, SessionRequest, WorldRequest};
use crate::capability::secrets::Secrets;
use crate::capability::session_read::SessionRead;
use crate::capability::session_write::SessionWrite;
use crate::capability::wasi::Wasi;
use crate::capability::world_read::WorldRead;
use crate::capability::{Answer, Capability, LogSink, Port, TracingSink};
use crate::clock::SharedClock;
use crate::enabled::{AllEnabled, EnabledSource};
use crate::engine::{
    AnyCapability, AnyExtension, CompileCache, CompileWorker, Compiler, Extension, HostRooms, Line,
    Listed, Observer, SLOTS,
};
use crate::event::EventSink;
use crate::extension::events::{Hearing, Pumps};
use crate::extension::hooks::{self, Points};
use crate::extension::{self, SharedRegistry};
use crate::grant::Policy;
use crate::guard::GuardStore;
use crate::hook_point::HookPoint;
use crate::observe::Bulletin;
use crate::permission::{Catalogue, CatalogueError, Permission};
use crate::write_set::{CommitError, WriteSet};

/// All that the built-in capabilities ask of a host's state. Implement the six ports, and this comes by itself.
pub trait State:
    Port<WorldRequest>
    + Port<SessionRequest>
    + Port<NpcRequest>
    + Port<KvRequest>
    + Port<JobRequest>
    + Port<WriteSet>
{
}

impl<T> State for T where
    T: Port<WorldRequest>
        + Port<SessionRequest>
        + Port<NpcRequest>
        + Port<KvRequest>
        + Port<JobRequest>
        + Port<WriteSet>
{
}

/// Puts a host together. Without anything added, plugins get `log`, `permissions`, `config`, `secrets`, `behavior-extend`,
/// `event-emit` and WASI.
pub struct HostBuilder {
    catalogue: Catalogue,
    capabilities: Vec<Arc<dyn AnyCapability>>,
    extensions: Vec<Arc<dyn AnyExtension>>,
    policy: Policy,
    commit: Option<Arc<dyn Port<WriteSet>>>,
    log: Arc<dyn LogSink>,
    observers: Vec<Arc<dyn Observer>>,
    cache: Option<Arc<CompileCache>>,
    compiler: Compiler,
    clock: SharedClock,
    events: Vec<Arc<dyn EventSink>>,
    guard_store: Option<Arc<dyn GuardStore>>,
    settings: Arc<dyn SettingsSource>,
    bus: Arc<dyn Bus>,
    enabled: Arc<dyn EnabledSource>,
}

/// Why a host cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A room does not fit with the others.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

/// A quarter of the calls that run at once may wait for replies to events; the others can reply. All hosts of a process share an engine, and these.
static REQUESTS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(SLOTS as usize / 4)));

/// The commit port of a host without state: there is nothing that a plugin could change.
struct NoState;

impl Port<WriteSet> for NoState {
    fn call(&self, _: WriteSet) -> Answer<'_, WriteSet> {
        Answer::ready(Err(CommitError::Failed))
    }
}

impl HostBuilder {
    pub(super) fn new() -> Self {
        let mut catalogue = Catalogue::new();
        for point in hooks::points() {
            // The built-in points fit together; a test says so.
            let _fits = catalogue.hook_point(point);
        }
        Self {
            catalogue,
            capabilities: vec![
                Arc::new(Log),
                Arc::new(Permissions),
                Arc::new(Config),
                Arc::new(Secrets),
                Arc::new(BehaviorExtend),
                Arc::new(Wasi),
            ],
            extensions: extension::built_in(),
            policy: Policy::new(),
            commit: None,
            log: Arc::new(TracingSink),
            observers: Vec::new(),
            cache: None,
            compiler: Compiler::None,
            clock: SharedClock::default(),
            events: Vec::new(),
            guard_store: None,
            settings: Arc::new(StaticSettings::new()),
            bus: Arc::new(LocalBus::new()),
            enabled: Arc::new(AllEnabled),
        }
    }

    /// What the host allows at most.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Where worlds, sessions, NPCs, the plugins' own keys and their generation jobs are: adds `world-read`, `session-read`, `session-write`,
    /// `npc-read`, `npc-write`, `kv` and `generation`, and commits changes there.
    #[must_use]
    pub fn state<S: State>(self, state: Arc<S>) -> Self {
        self.capability(WorldRead::new(state.clone()))
            .capability(SessionRead::new(state.clone()))
            .capability(SessionWrite::new(state.clone()))
            .capability(NpcRead::new(state.clone()))
            .capability(NpcWrite::new(state.clone(), state.clone()))
            .capability(Kv::new(state.clone()))
            .capability(Generation::new(state.clone()))
            .commit(state)
    }

    /// Where changes are committed, if not by [`HostBuilder::state`].
    #[must_use]
    pub fn commit(mut self, commit: Arc<dyn Port<WriteSet>>) -> Self {
        self.commit = Some(commit);
        self
    }

    /// Adds a capability. Only what is added is offered to plugins.
    #[must_use]
    pub fn capability<C: Capability>(mut self, capability: C) -> Self {
        self.capabilities.push(Arc::new(capability));
        self
    }

    /// Adds an extension of the embedder's own.
    #[must_use]
    pub fn extension<E: Extension>(mut self) -> Self {
        self.extensions.push(Arc::new(Listed::<E>(PhantomData)));
        self
    }

    /// Declares a permission of the embedder's own.
    #[must_use]
    pub fn permission(mut self, permission: Permission) -> Self {
        self.catalogue.permission(permission);
        self
    }

    /// Where log records of plugins go; to `tracing` by default.
    #[must_use]
    pub fn log(mut self, log: Arc<dyn LogSink>) -> Self {
        self.log = log;
        self
    }

    /// Adds an observer of all receipts.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Keeps compiled code on disk. What is there is loaded without compiling.
    #[must_use]
    pub fn compile_cache(mut self, cache: CompileCache) -> Self {
        self.cache = Some(Arc::new(cache));
        self
    }

    /// Compiles plugins in processes of a program, within limits of time, memory and output: for plugins that nobody vouches for.
    ///
    /// Without this and without [`HostBuilder::compile_in_process`] a host compiles nothing: what its cache holds is loaded, and the rest is
    /// refused with [`PrepareError::NoCompiler`](crate::engine::PrepareError::NoCompiler).
    #[must_use]
    pub fn compile_worker(mut self, worker: CompileWorker) -> Self {
        self.compiler = Compiler::Worker(worker);
        self
    }

    /// Compiles plugins in the host's own process: "I trust these plugins". A component of a few kilobytes can keep a compiler busy for minutes,
    /// fill the machine's memory, or end the process.
    #[must_use]
    pub fn compile_in_process(mut self) -> Self {
        self.compiler = Compiler::in_process();
        self
    }

    /// What time it is for the host: for keys that expire, windows of failures and the times of events; the machine's clock by default. State
    /// that keeps such times must go by the same clock.
    #[must_use]
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Adds a sink of events: plugins that come and go, calls that fail or are refused something, plugins that are disabled.
    #[must_use]
    pub fn events(mut self, events: Arc<dyn EventSink>) -> Self {
        self.events.push(events);
        self
    }

    /// Where it is kept which plugins failed too often, so that a restart of the host does not forget it; nowhere by default.
    #[must_use]
    pub fn guard_store(mut self, store: Arc<dyn GuardStore>) -> Self {
        self.guard_store = Some(store);
        self
    }

    /// Where the settings of plugins are, secrets among them; nothing is set by default. They are read and checked each time a plugin is
    /// loaded, and a change takes effect with the next load.
    #[must_use]
    pub fn settings(mut self, settings: Arc<dyn SettingsSource>) -> Self {
        self.settings = settings;
        self
    }

    /// The bus that plugins' events travel on; one of the host's own by default.
    #[must_use]
    pub fn bus(mut self, bus: Arc<dyn Bus>) -> Self {
        self.bus = bus;
        self
    }

    /// Which plugins a world uses, for the events that are about it; all by default.
    #[must_use]
    pub fn enabled(mut self, enabled: Arc<dyn EnabledSource>) -> Self {
        self.enabled = enabled;
        self
    }

    /// Adds a hook point of the embedder's own.
    ///
    /// # Errors
    /// Another point has its name, or the point contradicts itself.
    pub fn hook_point(mut self, point: HookPoint) -> Result<Self, BuildError> {
        self.catalogue.hook_point(point)?;
        Ok(self)
    }

    /// The host.
    ///
    /// # Errors
    /// Two rooms that claim the same id or interface, or a permission that nobody declared.
    pub fn build(self) -> Result<Host, BuildError> {
        let mut catalogue = self.catalogue;
        let mut capabilities = self.capabilities;
        let hops = self.policy.events.hops;
        let (bus, waits) = (Arc::clone(&self.bus), Arc::clone(&REQUESTS));
        capabilities.push(Arc::new(EventEmit::new(bus, hops, waits)));
        for room in &capabilities {
            catalogue.capability(room.descriptor())?;
        }
        for room in &self.extensions {
            catalogue.extension(room.descriptor())?;
        }
        let bulletin = Bulletin::new(self.events, self.clock.clone());
        let mut observers = self.observers;
        if !bulletin.is_empty() {
            observers.push(Arc::new(bulletin.clone()));
        }
        let guards = Arc::new(Guards::new(
            self.policy.guard.clone(),
            self.clock.clone(),
            self.guard_store,
            bulletin.clone(),
        ));
        let wakings = Arc::<Wakings>::default();
        let rooms = HostRooms {
            catalogue,
            capabilities,
            extensions: self.extensions,
            commit: self.commit.unwrap_or_else(|| Arc::new(NoState)),
            log: self.log,
            observers,
            cache: self.cache,
            compiler: self.compiler,
            line: Line::default(),
            clock: self.clock,
            warden: guards.clone(),
            waker: wakings.clone(),
            health: self.policy.health,
            began: Instant::now(),
            bus: self.bus,
        };
        let registry = Arc::<SharedRegistry>::default();
        let hearing = Hearing::new(
            Arc::clone(&registry),
            Arc::clone(&self.enabled),
            Arc::clone(&rooms.bus),
            self.policy.events,
        );
        let inner = Arc::new(Inner {
            points: Points::of(&rooms.catalogue),
            rooms: Arc::new(rooms),
            policy: self.policy,
            settings: self.settings,
            enabled: self.enabled,
            registry,
            pumps: Pumps::new(hearing),
            members: Members::default().into(),
            guards,
            wakings,
            sweeper: Sweeper::default(),
            bulletin,
            changing: Arc::default(),
        });
        inner.guards.serve(&inner);
        inner.wakings.serve(&inner);
        Ok(Host(inner))
    }
}
