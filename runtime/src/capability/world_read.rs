//! `world-read`: read the world that the call is about.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use wasmtime::component::Linker;

use super::port::{Location, WorldReply, WorldRequest};
use super::{Capability, Ctx, Granted, HasRoom, Port, RoomError, RoomView};
use crate::pattern::{Pattern, check_key};
use crate::permission::{CapabilityDescriptor, Gate, RawParser};

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/uses-world-read",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        imports: { default: async | trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => crate::capability::RoomError },
    });
}

use bindings::portcullis::plugin::world_read as wit;

const PERMISSION: &str = "world:read";

/// Which configuration values a plugin may read; all by default.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorldReadScope {
    /// Keys, or beginnings of keys that end in `*`.
    #[serde(default = "every_key")]
    pub config: Vec<Pattern>,
}

impl Default for WorldReadScope {
    fn default() -> Self {
        Self {
            config: every_key(),
        }
    }
}

fn every_key() -> Vec<Pattern> {
    vec![Pattern::any()]
}

/// The capability `world-read`.
#[derive(Clone)]
pub struct WorldRead {
    port: Arc<dyn Port<WorldRequest>>,
}

impl WorldRead {
    /// The capability over the embedder's port.
    pub fn new(port: Arc<dyn Port<WorldRequest>>) -> Self {
        Self { port }
    }
}

/// What a plugin holds of `world-read`.
pub struct WorldReadState {
    port: Arc<dyn Port<WorldRequest>>,
    scopes: Vec<WorldReadScope>,
}

impl Capability for WorldRead {
    type Scope = WorldReadScope;
    type State = WorldReadState;
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "world-read",
        summary: "Read the call's world: its data, configuration, locations and the ids of its NPCs.",
        wit: include_str!("../../wit/world-read.wit"),
        gates: &[Gate {
            interface: "portcullis:plugin/world-read",
            version: "0.1.0",
            permission: Some(PERMISSION),
        }],
        scope: RawParser::of::<WorldReadScope>(),
    };

    fn state(&self, granted: Granted<'_, WorldReadScope>) -> WorldReadState {
        WorldReadState {
            port: self.port.clone(),
            scopes: granted.into_scopes(),
        }
    }

    fn link(linker: &mut Linker<Ctx>, _gate: &Gate) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view)
    }
}

impl RoomView<'_, WorldRead> {
    fn world(&self) -> Arc<str> {
        self.call.subject().world_id().clone()
    }

    async fn ask(&mut self, request: WorldRequest) -> Result<WorldReply, RoomError> {
        let reply = self.state.port.call(request).await;
        reply.map_err(|error| self.call.port_failed("world-read", error))
    }
}

impl wit::Host for RoomView<'_, WorldRead> {
    async fn get_world(&mut self) -> Result<wit::World, RoomError> {
        self.enter(PERMISSION, "world-read.get-world")?;
        match self
            .ask(WorldRequest::World {
                world: self.world(),
            })
            .await?
        {
            WorldReply::World(world) => Ok(wit::World {
                id: world.id,
                name: world.name,
                hour: world.hour,
            }),
            _ => Err(self.call.port_broke_protocol("world-read")),
        }
    }

    async fn get_config(&mut self, key: String) -> Result<String, RoomError> {
        self.enter(PERMISSION, "world-read.get-config")?;
        check_key("key", &key).map_err(RoomError::invalid)?;
        if !self
            .state
            .scopes
            .iter()
            .all(|scope| scope.config.iter().any(|pattern| pattern.matches(&key)))
        {
            let asked = format!("world-read.get-config {key}");
            return Err(self
                .call
                .deny(PERMISSION, asked, "outside the scope `config`"));
        }
        match self
            .ask(WorldRequest::Config {
                world: self.world(),
                key,
            })
            .await?
        {
            WorldReply::Config(value) => Ok(value.to_string()),
            _ => Err(self.call.port_broke_protocol("world-read")),
        }
    }

    async fn list_locations(&mut self) -> Result<Vec<wit::Location>, RoomError> {
        self.enter(PERMISSION, "world-read.list-locations")?;
        match self
            .ask(WorldRequest::Locations {
                world: self.world(),
            })
            .await?
        {
            WorldReply::Locations(locations) => Ok(locations.into_iter().map(Into::into).collect()),
            _ => Err(self.call.port_broke_protocol("world-read")),
        }
    }

    async fn list_npcs(&mut self) -> Result<Vec<String>, RoomError> {
        self.enter(PERMISSION, "world-read.list-npcs")?;
        match self
            .ask(WorldRequest::Npcs {
                world: self.world(),
            })
            .await?
        {
            WorldReply::Npcs(npcs) => Ok(npcs),
            _ => Err(self.call.port_broke_protocol("world-read")),
        }
    }
}

impl From<Location> for wit::Location {
    fn from(location: Location) -> Self {
        Self {
            id: location.id,
            name: location.name,
            tags: location.tags,
        }
    }
}
