//! `npc-read`: read the NPCs of the call's world.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use wasmtime::component::Linker;

use super::port::{NpcInfo, NpcReply, NpcRequest};
use super::{Capability, Ctx, Granted, HasRoom, Port, RoomError, RoomView};
use crate::pattern::{Pattern, check_key};
use crate::permission::{CapabilityDescriptor, Gate, RawParser};
use crate::write_set::{Change, Document};

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/uses-npc-read",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        imports: { default: async | trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => crate::capability::RoomError },
    });
}

use bindings::portcullis::plugin::npc_read as wit;

const PERMISSION: &str = "npc:read";

/// Which attributes of NPCs a plugin may read; all by default.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NpcReadScope {
    /// Attribute names, or beginnings of names that end in `*`.
    #[serde(default = "every_attribute")]
    pub attributes: Vec<Pattern>,
}

impl Default for NpcReadScope {
    fn default() -> Self {
        Self {
            attributes: every_attribute(),
        }
    }
}

fn every_attribute() -> Vec<Pattern> {
    vec![Pattern::any()]
}

/// The capability `npc-read`.
#[derive(Clone)]
pub struct NpcRead {
    port: Arc<dyn Port<NpcRequest>>,
}

impl NpcRead {
    /// The capability over the embedder's port.
    pub fn new(port: Arc<dyn Port<NpcRequest>>) -> Self {
        Self { port }
    }
}

/// What a plugin holds of `npc-read`.
pub struct NpcReadState {
    port: Arc<dyn Port<NpcRequest>>,
    scopes: Vec<NpcReadScope>,
}

impl Capability for NpcRead {
    type Scope = NpcReadScope;
    type State = NpcReadState;
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "npc-read",
        summary: "Read the NPCs of the call's world and their attributes.",
        wit: include_str!("../../wit/npc-read.wit"),
        gates: &[Gate {
            interface: "portcullis:plugin/npc-read",
            version: "0.1.0",
            permission: Some(PERMISSION),
        }],
        scope: RawParser::of::<NpcReadScope>(),
    };

    fn state(&self, granted: Granted<'_, NpcReadScope>) -> NpcReadState {
        NpcReadState {
            port: self.port.clone(),
            scopes: granted.into_scopes(),
        }
    }

    fn link(linker: &mut Linker<Ctx>, _gate: &Gate) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view)
    }
}

impl RoomView<'_, NpcRead> {
    fn document(&self, npc: &str) -> Document {
        Document::Npc {
            world: self.call.subject().world_id().clone(),
            npc: npc.into(),
        }
    }

    /// Asks for something of an NPC, and notes the version of the NPC that the reply stands for.
    async fn ask(
        &mut self,
        document: Document,
        request: NpcRequest,
    ) -> Result<NpcReply, RoomError> {
        let reply = self
            .state
            .port
            .call(request)
            .await
            .map_err(|error| self.call.port_failed("npc-read", error))?;
        let version = match &reply {
            NpcReply::Npc(npc) => npc.version,
            NpcReply::Attribute(attribute) => attribute.version,
        };
        self.call.depends_on(document, version)?;
        Ok(reply)
    }
}

impl wit::Host for RoomView<'_, NpcRead> {
    async fn get_npc(&mut self, id: String) -> Result<wit::Npc, RoomError> {
        self.enter(PERMISSION, "npc-read.get-npc")?;
        check_key("id", &id).map_err(RoomError::invalid)?;
        let document = self.document(&id);
        let world = self.call.subject().world_id().clone();
        let request = NpcRequest::Npc { world, npc: id };
        let NpcReply::Npc(npc) = self.ask(document.clone(), request).await? else {
            return Err(self.call.port_broke_protocol("npc-read"));
        };
        let changes = self.call.pending(&document);
        Ok(changes.fold(npc.value, changed).into())
    }

    async fn get_attribute(&mut self, id: String, key: String) -> Result<String, RoomError> {
        self.enter(PERMISSION, "npc-read.get-attribute")?;
        check_key("id", &id)
            .and_then(|()| check_key("key", &key))
            .map_err(RoomError::invalid)?;
        if !self
            .state
            .scopes
            .iter()
            .all(|scope| scope.attributes.iter().any(|pattern| pattern.matches(&key)))
        {
            let asked = format!("npc-read.get-attribute {key}");
            return Err(self
                .call
                .deny(PERMISSION, asked, "outside the scope `attributes`"));
        }
        let document = self.document(&id);
        let written = written_attribute(self.call.pending(&document), &key);
        let value = match written {
            Some(written) => written,
            None => {
                let request = NpcRequest::Attribute {
                    world: self.call.subject().world_id().clone(),
                    npc: id,
                    key,
                };
                match self.ask(document, request).await? {
                    NpcReply::Attribute(attribute) => attribute.value,
                    NpcReply::Npc(_) => return Err(self.call.port_broke_protocol("npc-read")),
                }
            }
        };
        value
            .map(|value| value.to_string())
            .ok_or_else(RoomError::not_found)
    }
}

/// What this call did to the attribute: `None` if nothing, `Some(None)` if it cleared it.
fn written_attribute<'a>(
    changes: impl DoubleEndedIterator<Item = &'a Change>,
    asked: &str,
) -> Option<Option<serde_json::Value>> {
    let mut changes = changes.rev();
    changes.find_map(|change| match change {
        Change::SetAttribute { key, value } if key == asked => Some(Some(value.clone())),
        Change::ClearAttribute { key } if key == asked => Some(None),
        _ => None,
    })
}

/// The NPC after a change that this call has collected. Attributes are read by themselves.
fn changed(mut npc: NpcInfo, change: &Change) -> NpcInfo {
    match change {
        Change::MoveNpc { location } => npc.location.clone_from(location),
        Change::AddTag { tag } if !npc.tags.contains(tag) => npc.tags.push(tag.clone()),
        Change::RemoveTag { tag } => npc.tags.retain(|own| own != tag),
        _ => {}
    }
    npc
}

impl From<NpcInfo> for wit::Npc {
    fn from(npc: NpcInfo) -> Self {
        Self {
            id: npc.id,
            name: npc.name,
            location: npc.location,
            activity: npc.activity,
            tags: npc.tags,
        }
    }
}
