//! `npc-write`: change the NPCs of the call's world. Changes are collected; the engine commits them when the call has returned.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use wasmtime::component::Linker;

use super::port::{NpcReply, NpcRequest, WorldReply, WorldRequest};
use super::{Capability, Ctx, Granted, HasRoom, Port, RoomError, RoomView};
use crate::pattern::{Pattern, check_key};
use crate::permission::{CapabilityDescriptor, Gate, RawParser};
use crate::write_set::{Change, Document, parse_value};

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/uses-npc-write",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        imports: { default: async | trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => crate::capability::RoomError },
    });
}

use bindings::portcullis::plugin::npc_write as wit;

const PERMISSION: &str = "npc:write";
/// How many tags a plugin may give an NPC.
const MAX_TAGS: usize = 64;

/// What a plugin may change of NPCs; everything by default.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NpcWriteScope {
    /// The NPCs that it may change: ids, or beginnings of ids that end in `*`.
    #[serde(default = "everything")]
    pub npcs: Vec<Pattern>,
    /// The attributes that it may set and clear: names, or beginnings of names that end in `*`.
    #[serde(default = "everything")]
    pub attributes: Vec<Pattern>,
}

impl Default for NpcWriteScope {
    fn default() -> Self {
        Self {
            npcs: everything(),
            attributes: everything(),
        }
    }
}

fn everything() -> Vec<Pattern> {
    vec![Pattern::any()]
}

/// The capability `npc-write`. Its ports are only asked whether what is to change exists, and which tags an NPC has.
#[derive(Clone)]
pub struct NpcWrite {
    npcs: Arc<dyn Port<NpcRequest>>,
    worlds: Arc<dyn Port<WorldRequest>>,
}

impl NpcWrite {
    /// The capability over the embedder's ports.
    pub fn new(npcs: Arc<dyn Port<NpcRequest>>, worlds: Arc<dyn Port<WorldRequest>>) -> Self {
        Self { npcs, worlds }
    }
}

/// What a plugin holds of `npc-write`.
pub struct NpcWriteState {
    ports: NpcWrite,
    scopes: Vec<NpcWriteScope>,
}

impl Capability for NpcWrite {
    type Scope = NpcWriteScope;
    type State = NpcWriteState;
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "npc-write",
        summary: "Change the NPCs of the call's world: attributes, location, tags, all of a call or nothing.",
        wit: include_str!("../../wit/npc-write.wit"),
        gates: &[Gate {
            interface: "portcullis:plugin/npc-write",
            version: "0.1.0",
            permission: Some(PERMISSION),
        }],
        scope: RawParser::of::<NpcWriteScope>(),
    };

    fn state(&self, granted: Granted<'_, NpcWriteScope>) -> NpcWriteState {
        NpcWriteState {
            ports: self.clone(),
            scopes: granted.into_scopes(),
        }
    }

    fn link(linker: &mut Linker<Ctx>, _gate: &Gate) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view)
    }
}

impl RoomView<'_, NpcWrite> {
    fn check_npc(&mut self, operation: &str, npc: &str) -> Result<(), RoomError> {
        check_key("id", npc).map_err(RoomError::invalid)?;
        let allowed = |scope: &NpcWriteScope| scope.npcs.iter().any(|own| own.matches(npc));
        if self.state.scopes.iter().all(allowed) {
            return Ok(());
        }
        let asked = format!("{operation} {npc}");
        Err(self
            .call
            .deny(PERMISSION, asked, "outside the scope `npcs`"))
    }

    fn check_attribute(&mut self, operation: &str, key: &str) -> Result<(), RoomError> {
        check_key("key", key).map_err(RoomError::invalid)?;
        let allowed = |scope: &NpcWriteScope| scope.attributes.iter().any(|own| own.matches(key));
        if self.state.scopes.iter().all(allowed) {
            return Ok(());
        }
        let asked = format!("{operation} {key}");
        Err(self
            .call
            .deny(PERMISSION, asked, "outside the scope `attributes`"))
    }

    /// Collects a change of an NPC that is there. The plugin gets `not-found` for one that is not, rather than a commit that fails.
    async fn write_npc(
        &mut self,
        npc: String,
        change: Change,
        size: usize,
    ) -> Result<(), RoomError> {
        let world = self.call.subject().world_id().clone();
        let document = Document::Npc {
            world: world.clone(),
            npc: npc.as_str().into(),
        };
        let reply = self.state.ports.npcs.call(NpcRequest::Npc { world, npc });
        match reply.await {
            Ok(NpcReply::Npc(npc)) => {
                self.check_tags(&document, npc.value.tags, &change)?;
                self.call.write(document, change, size)
            }
            Ok(_) => Err(self.call.port_broke_protocol("npc-write")),
            Err(error) => Err(self.call.port_failed("npc-write", error)),
        }
    }

    /// Refuses a tag too many. Nothing depends on the tags that were read: calls that run at the same time may each add up to the bound.
    fn check_tags(
        &self,
        document: &Document,
        tags: Vec<String>,
        change: &Change,
    ) -> Result<(), RoomError> {
        let Change::AddTag { tag } = change else {
            return Ok(());
        };
        let mut tags: BTreeSet<&str> = tags.iter().map(String::as_str).collect();
        for pending in self.call.pending(document) {
            match pending {
                Change::AddTag { tag } => tags.insert(tag),
                Change::RemoveTag { tag } => tags.remove(tag.as_str()),
                _ => false,
            };
        }
        match tags.contains(tag.as_str()) || tags.len() < MAX_TAGS {
            true => Ok(()),
            false => Err(RoomError::over_budget()),
        }
    }

    async fn check_location(&mut self, id: &str) -> Result<(), RoomError> {
        check_key("location", id).map_err(RoomError::invalid)?;
        let world = self.call.subject().world_id().clone();
        let reply = self
            .state
            .ports
            .worlds
            .call(WorldRequest::Locations { world });
        match reply.await {
            Ok(WorldReply::Locations(all)) if all.iter().any(|location| location.id == id) => {
                Ok(())
            }
            Ok(WorldReply::Locations(_)) => Err(RoomError::invalid(
                "location: the world has none of this id",
            )),
            Ok(_) => Err(self.call.port_broke_protocol("npc-write")),
            Err(error) => Err(self.call.port_failed("npc-write", error)),
        }
    }
}

impl wit::Host for RoomView<'_, NpcWrite> {
    async fn set_attribute(
        &mut self,
        id: String,
        key: String,
        value: String,
    ) -> Result<(), RoomError> {
        self.enter(PERMISSION, "npc-write.set-attribute")?;
        self.check_npc("npc-write.set-attribute", &id)?;
        self.check_attribute("npc-write.set-attribute", &key)?;
        let size = id.len() + key.len() + value.len();
        let value = parse_value("value", &value).map_err(RoomError::invalid)?;
        self.write_npc(id, Change::SetAttribute { key, value }, size)
            .await
    }

    async fn clear_attribute(&mut self, id: String, key: String) -> Result<(), RoomError> {
        self.enter(PERMISSION, "npc-write.clear-attribute")?;
        self.check_npc("npc-write.clear-attribute", &id)?;
        self.check_attribute("npc-write.clear-attribute", &key)?;
        let size = id.len() + key.len();
        self.write_npc(id, Change::ClearAttribute { key }, size)
            .await
    }

    async fn move_to(&mut self, id: String, location: String) -> Result<(), RoomError> {
        self.enter(PERMISSION, "npc-write.move-to")?;
        self.check_npc("npc-write.move-to", &id)?;
        self.check_location(&location).await?;
        let size = id.len() + location.len();
        self.write_npc(id, Change::MoveNpc { location }, size).await
    }

    async fn add_tag(&mut self, id: String, tag: String) -> Result<(), RoomError> {
        self.enter(PERMISSION, "npc-write.add-tag")?;
        self.check_npc("npc-write.add-tag", &id)?;
        check_key("tag", &tag).map_err(RoomError::invalid)?;
        let size = id.len() + tag.len();
        self.write_npc(id, Change::AddTag { tag }, size).await
    }

    async fn remove_tag(&mut self, id: String, tag: String) -> Result<(), RoomError> {
        self.enter(PERMISSION, "npc-write.remove-tag")?;
        self.check_npc("npc-write.remove-tag", &id)?;
        check_key("tag", &tag).map_err(RoomError::invalid)?;
        let size = id.len() + tag.len();
        self.write_npc(id, Change::RemoveTag { tag }, size).await
    }
}
