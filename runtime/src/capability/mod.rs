//! Capabilities: what a plugin may import. Each stands in a room of its own; the list below is the only one.
//!
//! Adding one is a WIT file, a room and a line in [`DESCRIPTORS`]. An embedder adds its own through [`Capability`] and the host's
//! builder, without touching this list.

mod call;
pub(crate) mod coarse;
mod ctx;
mod error;
mod limiter;
mod log_tap;

pub mod behavior_extend;
pub mod config;
pub mod event_emit;
pub mod generation;
pub mod kv;
pub mod log;
pub mod npc_read;
pub mod npc_write;
pub mod permissions;
pub mod port;
pub mod secrets;
pub mod session_read;
pub mod session_write;
pub mod wasi;
pub mod world_read;

use std::sync::Arc;

use wasmtime::component::Linker;

pub(crate) use call::MAX_DENIALS;
pub use call::{Call, Registration};
pub use ctx::{Ctx, HasRoom, RoomView};
pub(crate) use ctx::{Holdings, Slot};
pub use error::{Ended, RoomError};
pub use log_tap::{LogSink, TracingSink};
pub use port::{Answer, Port, PortError, Request, Versioned};

use crate::clock::SharedClock;
use crate::configuration::Configuration;
use crate::grant::Grant;
use crate::manifest::RawTable;
use crate::permission::{CapabilityDescriptor, Gate, Scope};
use crate::problem::Problem;

/// The bindings of the interface that all others share.
#[allow(missing_docs)]
mod shared {
    wasmtime::component::bindgen!({
        path: "wit",
        inline: "package portcullis:shared; world shared { import portcullis:plugin/types@0.1.0; }",
        additional_derives: [PartialEq, Eq],
        imports: { default: trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => crate::capability::RoomError },
    });
}

pub use shared::portcullis::plugin::types;

/// The built-in capabilities, in the order of the reference.
pub const DESCRIPTORS: &[CapabilityDescriptor] = &[
    log::Log::DESCRIPTOR,
    permissions::Permissions::DESCRIPTOR,
    world_read::WorldRead::DESCRIPTOR,
    session_read::SessionRead::DESCRIPTOR,
    session_write::SessionWrite::DESCRIPTOR,
    npc_read::NpcRead::DESCRIPTOR,
    npc_write::NpcWrite::DESCRIPTOR,
    kv::Kv::DESCRIPTOR,
    generation::Generation::DESCRIPTOR,
    event_emit::EventEmit::DESCRIPTOR,
    config::Config::DESCRIPTOR,
    secrets::Secrets::DESCRIPTOR,
    behavior_extend::BehaviorExtend::DESCRIPTOR,
    wasi::Wasi::DESCRIPTOR,
];

/// A capability: the code behind interfaces that a plugin may import.
pub trait Capability: Send + Sync + 'static {
    /// How a manifest or a policy narrows it. Its default is what a plugin gets that names no scope.
    type Scope: Scope;
    /// What is made once for a plugin and shared by all of its calls: ports, scopes, contributions.
    type State: Send + Sync + 'static;
    /// Its name, interfaces and permissions.
    const DESCRIPTOR: CapabilityDescriptor;

    /// Makes the state for a plugin.
    fn state(&self, granted: Granted<'_, Self::Scope>) -> Self::State;

    /// Adds one of its interfaces to a plugin's linker. Called for granted imports only.
    fn link(linker: &mut Linker<Ctx>, gate: &Gate) -> wasmtime::Result<()>;
}

/// What a plugin was granted of a capability.
pub struct Granted<'a, S> {
    /// The whole grant.
    pub grant: &'a Grant,
    /// The host's clock.
    pub clock: &'a SharedClock,
    /// What an operator configured for the plugin. It stays as it is until the plugin is loaded again.
    pub configuration: &'a Arc<Configuration>,
    scopes: Vec<(&'static str, S)>,
}

impl<'a, S: Scope> Granted<'a, S> {
    /// Parses the scopes of the permissions that open the capability's gates.
    pub(crate) fn of(
        grant: &'a Grant,
        clock: &'a SharedClock,
        configuration: &'a Arc<Configuration>,
        descriptor: &CapabilityDescriptor,
    ) -> Result<Self, Problem> {
        let mut scopes = Vec::new();
        for held in grant.held() {
            if !descriptor
                .gates
                .iter()
                .any(|gate| gate.permission == Some(held.permission))
            {
                continue;
            }
            if held.scopes.is_empty() {
                scopes.push((held.permission, S::default()));
            }
            for scope in &held.scopes {
                scopes.push((held.permission, RawTable::parse(scope)?));
            }
        }
        Ok(Self {
            grant,
            clock,
            configuration,
            scopes,
        })
    }

    /// The scopes of one of the capability's permissions; something is allowed if each of them allows it. None if the plugin does not
    /// hold it, and then its interface is not linked.
    pub fn scopes_of(&self, permission: &str) -> impl Iterator<Item = &S> {
        self.scopes
            .iter()
            .filter(move |(held, _)| *held == permission)
            .map(|(_, scope)| scope)
    }

    /// The scopes of a capability with one permission; something is allowed if each of them allows it.
    pub fn into_scopes(self) -> Vec<S> {
        self.scopes.into_iter().map(|(_, scope)| scope).collect()
    }
}

/// The scope of a capability that cannot be narrowed.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoScope {}
