//! From bytes to code.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use super::config::{EngineRoom, Metering};
use super::error::PrepareError;
use super::host_rooms::HostRooms;
use super::link;
use super::prepare::check;
use super::worker::{CompileWorker, Leash};
use crate::grant::Grant;
use crate::package::{ExportKind, ImportKind, Package};

/// What a host compiles with.
pub(crate) enum Compiler {
    /// Nothing: what is not in the cache is refused.
    None,
    /// A process for each plugin.
    Worker(CompileWorker),
    /// The host's own process, as many at once as there are turns.
    InProcess(Arc<Semaphore>),
}

impl Compiler {
    /// The host's own process. One turn a core: more would only take memory.
    pub(crate) fn in_process() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::InProcess(Arc::new(Semaphore::new(cores)))
    }

    /// Waits until a plugin may be compiled.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let turns = match self {
            Self::None => return None,
            Self::Worker(worker) => worker.turns(),
            Self::InProcess(turns) => turns,
        };
        // They are never closed.
        Arc::clone(turns).acquire_owned().await.ok()
    }
}

/// The code of a package, of the engine that its grant asks for.
pub(crate) struct Compiled {
    pub(super) room: Arc<EngineRoom>,
    pub(super) component: Component,
}

impl Compiled {
    /// The code from the cache, if it is there.
    pub(crate) fn cached(
        rooms: &HostRooms,
        package: &Package,
        grant: &Grant,
    ) -> Result<Option<Self>, PrepareError> {
        check(package, grant)?;
        // What cannot be linked is not worth compiling.
        link::check(grant, &rooms.capabilities)?;
        let room = EngineRoom::shared(metering(grant))?;
        let Some(component) = load(rooms, &room, package) else {
            return Ok(None);
        };
        Ok(Some(Self { room, component }))
    }

    /// Compiles a package, and keeps its code in the cache. Takes long: not for the threads of an async runtime. A worker ends when the leash is
    /// cut.
    pub(crate) fn make(
        rooms: &HostRooms,
        package: &Package,
        grant: &Grant,
        leash: &Leash,
    ) -> Result<Self, PrepareError> {
        check(package, grant)?;
        let room = EngineRoom::shared(metering(grant))?;
        let component = match &rooms.compiler {
            Compiler::None => {
                let plugin = package.manifest().id.clone();
                return Err(PrepareError::NoCompiler { plugin });
            }
            Compiler::Worker(worker) => by_worker(worker, rooms, &room, package, leash)?,
            Compiler::InProcess(_) => in_process(rooms, &room, package)?,
        };
        Ok(Self { room, component })
    }
}

fn metering(grant: &Grant) -> Metering {
    match grant.limits().fuel {
        Some(_) => Metering::Fuel,
        None => Metering::Clock,
    }
}

fn load(rooms: &HostRooms, room: &EngineRoom, package: &Package) -> Option<Component> {
    let digest = package.digest();
    let code = rooms.cache.as_ref()?.get(digest, &room.engine)?;
    // SAFETY: the code was written by `Component::serialize` of an engine with the same settings: its MAC, which covers the settings, verified
    // over this very buffer, and only holders of the key can make one.
    match unsafe { Component::deserialize(&room.engine, &code) } {
        Ok(component) => Some(component),
        Err(error) => {
            let plugin = package.manifest();
            tracing::warn!(
                plugin = %plugin.id,
                version = %plugin.version,
                %digest,
                %error,
                "cached code does not load; compiling again"
            );
            None
        }
    }
}

fn keep(rooms: &HostRooms, room: &EngineRoom, package: &Package, code: &[u8]) {
    if let Some(cache) = &rooms.cache {
        cache.put(package.digest(), &room.engine, code);
    }
}

fn by_worker(
    worker: &CompileWorker,
    rooms: &HostRooms,
    room: &EngineRoom,
    package: &Package,
    leash: &Leash,
) -> Result<Component, PrepareError> {
    let code = worker.compile(package, room.metering, &room.engine, leash)?;
    // SAFETY: the code comes from a program that the embedder named to make code, as trusted as the host itself; it was read from its pipe to this
    // buffer, whole, and names the engine's version and settings.
    let component = unsafe { Component::deserialize(&room.engine, &code) };
    let lied = |why| PrepareError::WorkerLied { why };
    let component = component.map_err(|_| lied("it is no code for this engine"))?;
    if !is_of(&component, package, room) {
        return Err(lied("it imports or exports something else"));
    }
    keep(rooms, room, package, &code);
    Ok(component)
}

/// Whether the code has the imports and exports that the scan has found, so that a mix-up is noticed before anything is linked.
fn is_of(component: &Component, package: &Package, room: &EngineRoom) -> bool {
    let (types, engine) = (component.component_type(), &room.engine);
    let scan = package.scan();
    let imports = types.imports(engine).all(|(name, item)| {
        let found = scan.imports.iter().find(|import| import.name == name);
        found.is_some_and(|found| imports_as(&found.kind, &item.ty))
    });
    let mut exports = scan.exports.iter();
    let has = |name: &str| types.get_export(engine, name);
    imports
        && exports
            .all(|export| has(&export.name).is_some_and(|item| exports_as(&export.kind, &item.ty)))
}

fn imports_as(kind: &ImportKind, item: &ComponentItem) -> bool {
    matches!(
        (kind, item),
        (
            ImportKind::Instance { .. },
            ComponentItem::ComponentInstance(_)
        ) | (ImportKind::Function, ComponentItem::ComponentFunc(_))
            | (
                ImportKind::Type,
                ComponentItem::Type(_) | ComponentItem::Resource(_)
            )
            | (ImportKind::Module, ComponentItem::Module(_))
            | (ImportKind::Component, ComponentItem::Component(_))
    )
}

fn exports_as(kind: &ExportKind, item: &ComponentItem) -> bool {
    matches!(
        (kind, item),
        (
            ExportKind::Instance { .. },
            ComponentItem::ComponentInstance(_)
        ) | (ExportKind::Function, ComponentItem::ComponentFunc(_))
            | (
                ExportKind::Type,
                ComponentItem::Type(_) | ComponentItem::Resource(_)
            )
            | (ExportKind::Module, ComponentItem::Module(_))
            | (ExportKind::Component, ComponentItem::Component(_))
    )
}

fn in_process(
    rooms: &HostRooms,
    room: &EngineRoom,
    package: &Package,
) -> Result<Component, PrepareError> {
    let compile = || -> wasmtime::Result<_> {
        let component = Component::from_binary(&room.engine, package.bytes())?;
        if rooms.cache.is_some() {
            keep(rooms, room, package, &component.serialize()?);
        }
        Ok(component)
    };
    // A mistake of the compiler's is an answer about this plugin, and not the end of anything else.
    let compiled = catch_unwind(AssertUnwindSafe(compile));
    let panicked = |_| PrepareError::CompilerFailed {
        text: "it panicked".to_owned(),
    };
    compiled.map_err(panicked)?.map_err(PrepareError::engine)
}
