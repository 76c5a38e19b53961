//! From a package and its grant to a plugin that can be called.

use std::sync::Arc;

use wasmtime::component::InstancePre;

use super::body::{Body, Bound};
use super::config::{EngineError, EngineRoom, Metering, SLOTS, weight};
use super::host_rooms::{AnyCapability, HostRooms};
use super::nap::Nap;
use super::plugin::{Inner, Plugin};
use super::{compile, link};
use crate::capability::{Ctx, Holdings, Slot};
use crate::configuration::Configuration;
use crate::grant::{Grant, Linking};
use crate::log_record::escape_whole;
use crate::manifest::PluginId;
use crate::package::{Digest, Package};
use crate::redactor::Redactor;

/// What the engine says of a component is cut here, in bytes: it may quote any of its names.
const MAX_MESSAGE: usize = 4_096;

/// Why a plugin cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The grant was decided for other bytes.
    #[error(
        "the grant of `{plugin}` was decided for {granted}, but these bytes are {found}; decide again"
    )]
    OtherBytes {
        /// The plugin.
        plugin: PluginId,
        /// The digest in the grant.
        granted: Digest,
        /// The digest of the package.
        found: Digest,
    },
    /// An optional permission was not granted, and the interface has a function that cannot say so.
    #[error(
        "`{permission}` was not granted, and `{interface}.{function}` cannot answer `denied`; ask for it without `optional`"
    )]
    NotDeniable {
        /// The permission.
        permission: &'static str,
        /// The interface.
        interface: String,
        /// The function.
        function: String,
    },
    /// The grant was decided against another catalogue than this host's.
    #[error(
        "this host does not offer `{interface}` as it was decided about; decide the grant against this host's catalogue"
    )]
    NoRoom {
        /// The interface.
        interface: String,
    },
    /// A scope or a contribution cannot be read.
    #[error("{0}")]
    Problem(crate::problem::Problem),
    /// One instance of the plugin would take more slots than a plugin may have at once.
    #[error(
        "an instance of `{plugin}` takes {weight} slots, and a plugin has at most {most}; use fewer memories, tables and nested instances"
    )]
    TooHeavy {
        /// The plugin.
        plugin: PluginId,
        /// The slots.
        weight: u32,
        /// The most that the policy and the engine allow.
        most: u32,
    },
    /// The engine cannot be had.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The component does not compile or link. The text is escaped.
    #[error("the component cannot be prepared: {0:#}")]
    Component(wasmtime::Error),
}

impl PrepareError {
    pub(super) fn engine(error: wasmtime::Error) -> Self {
        // It quotes names of the component, which are whatever its maker wrote.
        let text = escape_whole(&format!("{error:#}"), MAX_MESSAGE);
        Self::Component(wasmtime::Error::msg(text))
    }
}

impl Plugin {
    /// Compiles and links a package under its grant and with its configuration. Takes long (0.1 to 1 s without a cache): in an async host use the host's `load`,
    /// which moves it off the runtime's threads.
    pub(crate) fn prepare(
        rooms: &Arc<HostRooms>,
        package: &Package,
        grant: Grant,
        configuration: Configuration,
    ) -> Result<Self, PrepareError> {
        let weight = check(package, &grant)?;
        let body = Arc::new(body(rooms, package, &grant, configuration, weight)?);
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
fn check(package: &Package, grant: &Grant) -> Result<u32, PrepareError> {
    let identity = grant.identity();
    if identity.digest != package.digest() {
        return Err(PrepareError::OtherBytes {
            plugin: identity.plugin.clone(),
            granted: identity.digest,
            found: package.digest(),
        });
    }
    let counts = &package.scan().counts;
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

fn body(
    rooms: &HostRooms,
    package: &Package,
    grant: &Grant,
    configuration: Configuration,
    weight: u32,
) -> Result<Body, PrepareError> {
    let metering = if grant.limits().fuel.is_some() {
        Metering::Fuel
    } else {
        Metering::Clock
    };
    let room = EngineRoom::shared(metering)?;
    let component =
        compile::compile(&room, package, rooms.cache.as_ref()).map_err(PrepareError::engine)?;
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
