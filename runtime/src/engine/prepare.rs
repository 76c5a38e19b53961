//! From a package and its grant to a plugin that can be called.

use std::sync::Arc;

use wasmtime::component::InstancePre;

use super::body::{Body, Bound};
use super::compile::Compiled;
use super::config::{SLOTS, weight};
use super::error::PrepareError;
use super::host_rooms::{AnyCapability, HostRooms};
use super::link;
use super::nap::Nap;
use super::plugin::{Inner, Plugin};
use crate::capability::{Ctx, Holdings, Slot};
use crate::configuration::Configuration;
use crate::grant::{Grant, Linking};
use crate::limits::Limits;
use crate::manifest::PluginId;
use crate::package::{Counts, Package};
use crate::redactor::Redactor;

impl Plugin {
    /// Links the code of a package under its grant and with its configuration. Takes milliseconds, and asks the embedder's capabilities: not for the
    /// threads of an async runtime.
    pub(crate) fn prepare(
        rooms: &Arc<HostRooms>,
        package: &Package,
        grant: Grant,
        configuration: Configuration,
        code: Compiled,
    ) -> Result<Self, PrepareError> {
        let weight = check(package, &grant)?;
        let body = Arc::new(body(rooms, &grant, configuration, code, weight)?);
        let activation = package.manifest().activation;
        let nap = activation.can_sleep().then(|| Nap::of(package.clone()));
        Ok(Self::of(Inner::new(rooms.clone(), grant, Some(body), nap)))
    }

    /// A plugin that is asleep: what can be checked without compiling it is checked.
    pub(crate) fn asleep(
        rooms: &Arc<HostRooms>,
        package: Package,
        grant: Grant,
    ) -> Result<Self, PrepareError> {
        check(&package, &grant)?;
        link::check(&grant, &rooms.capabilities)?;
        let nap = Some(Nap::of(package));
        Ok(Self::of(Inner::new(rooms.clone(), grant, None, nap)))
    }
}

/// Whether these are the bytes that the grant was decided for, and an instance has room in the engine; gives the slots that it takes.
pub(super) fn check(package: &Package, grant: &Grant) -> Result<u32, PrepareError> {
    let identity = grant.identity();
    if identity.digest != package.digest() {
        return Err(PrepareError::OtherBytes {
            plugin: identity.plugin.clone(),
            granted: identity.digest,
            found: package.digest(),
        });
    }
    let counts = &package.scan().counts;
    within_limits(&identity.plugin, counts, grant.limits())?;
    let (weight, most) = (weight(counts), grant.slots().min(SLOTS));
    if weight > most {
        return Err(PrepareError::TooHeavy {
            plugin: identity.plugin.clone(),
            weight,
            most,
        });
    }
    Ok(weight)
}

/// An instance that would break a limit as it is made cannot be called even once: its plugin is refused by name.
fn within_limits(plugin: &PluginId, counts: &Counts, limits: &Limits) -> Result<(), PrepareError> {
    let instances = u64::from(limits.instances);
    for (what, count, limit) in [
        ("memories", counts.memories, instances),
        ("tables", counts.tables, instances),
        ("core instances", counts.core_instances, instances),
        (
            "bytes of memory to begin with",
            counts.memory_bytes_minimum,
            limits.memory_bytes,
        ),
        (
            "table elements to begin with",
            counts.table_elements_minimum,
            limits.table_elements,
        ),
    ] {
        if count > limit {
            let plugin = plugin.clone();
            return Err(PrepareError::OverLimits {
                plugin,
                what,
                count,
                limit,
            });
        }
    }
    Ok(())
}

fn body(
    rooms: &HostRooms,
    grant: &Grant,
    configuration: Configuration,
    code: Compiled,
    weight: u32,
) -> Result<Body, PrepareError> {
    let Compiled { room, component } = code;
    let linker = link::link(&component, grant, &rooms.capabilities)?;
    let pre = linker
        .instantiate_pre(&component)
        .map_err(PrepareError::engine)?;
    let bound = bind(rooms, grant, &pre)?;
    let redactor = Redactor::of(&configuration)
        .map_err(|error| PrepareError::engine(wasmtime::Error::new(error)))?;
    let holdings = Arc::new(Holdings {
        slots: slots(rooms, grant, &Arc::new(configuration))?,
        redactor,
        sink: rooms.log.clone(),
        grant: grant.clone(),
    });
    Ok(Body::new(room, holdings, pre, bound, weight))
}

/// The state of each capability that the plugin's linker has an interface of.
fn slots(
    rooms: &HostRooms,
    grant: &Grant,
    configuration: &Arc<Configuration>,
) -> Result<Vec<Slot>, PrepareError> {
    let is_open = |room: &&Arc<dyn AnyCapability>| {
        let id = room.descriptor().id;
        let mut imports = grant.imports().iter();
        imports.any(|import| import.linking == Linking::Open && import.capability == Some(id))
    };
    let used = rooms.capabilities.iter().filter(is_open);
    used.map(|room| room.slot(grant, &rooms.clock, configuration))
        .collect::<Result<_, _>>()
        .map_err(PrepareError::Problem)
}

/// Where the functions of each granted extension stand, by the extension's place in the host's list.
type Bindings = Vec<Option<Bound>>;

fn bind(
    rooms: &HostRooms,
    grant: &Grant,
    pre: &InstancePre<Ctx>,
) -> Result<Bindings, PrepareError> {
    let bind = |room: &Arc<dyn super::extension::AnyExtension>| {
        let id = room.descriptor().id;
        let granted = grant.extensions().any(|decision| decision.extension == id);
        let bind = || {
            Ok(Bound {
                room: room.room(),
                functions: room.bind(pre)?,
            })
        };
        granted.then(bind).transpose().map_err(PrepareError::engine)
    };
    rooms.extensions.iter().map(bind).collect()
}
