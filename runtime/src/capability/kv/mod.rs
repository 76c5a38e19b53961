//! `kv`: a plugin's own key-value store. Changes are collected; the engine commits them when the call has returned.

mod page;
mod quota;
mod read;
mod seen;
mod write;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use wasmtime::component::Linker;

use super::port::{KvReply, KvRequest};
use super::{Capability, Ctx, Granted, HasRoom, Port, RoomError, RoomView};
use crate::clock::SharedClock;
use crate::pattern::{Pattern, check_key};
use crate::permission::{CapabilityDescriptor, Gate, RawParser};
use crate::write_set::Document;

/// The bindings of the interfaces.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/uses-kv",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        imports: { default: async | trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => crate::capability::RoomError },
    });
}

use bindings::portcullis::plugin::{kv_read, kv_write};

const READ: &str = "kv:read";
const WRITE: &str = "kv:write";
const READ_INTERFACE: &str = "portcullis:plugin/kv-read";

/// Which keys of its own store a plugin may read or write; all by default. `kv:read` and `kv:write` are narrowed each by itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KvScope {
    /// Keys, or beginnings of keys that end in `*`. Keys are listed by a prefix only where one of these covers all of it.
    #[serde(default = "every_key")]
    pub keys: Vec<Pattern>,
}

impl Default for KvScope {
    fn default() -> Self {
        Self { keys: every_key() }
    }
}

fn every_key() -> Vec<Pattern> {
    vec![Pattern::any()]
}

/// The capability `kv`.
#[derive(Clone)]
pub struct Kv {
    port: Arc<dyn Port<KvRequest>>,
}

impl Kv {
    /// The capability over the embedder's port. Keys expire by the host's clock.
    pub fn new(port: Arc<dyn Port<KvRequest>>) -> Self {
        Self { port }
    }
}

/// What a plugin holds of `kv`.
pub struct KvState {
    port: Arc<dyn Port<KvRequest>>,
    clock: SharedClock,
    read: Vec<KvScope>,
    write: Vec<KvScope>,
}

impl Capability for Kv {
    type Scope = KvScope;
    type State = KvState;
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "kv",
        summary: "Read and write this plugin's own key-value store, which all its calls share and which lasts.",
        wit: include_str!("../../../wit/kv.wit"),
        gates: &[
            Gate {
                interface: READ_INTERFACE,
                version: "0.1.0",
                permission: Some(READ),
            },
            Gate {
                interface: "portcullis:plugin/kv-write",
                version: "0.1.0",
                permission: Some(WRITE),
            },
        ],
        scope: RawParser::of::<KvScope>(),
    };

    fn state(&self, granted: Granted<'_, KvScope>) -> KvState {
        KvState {
            port: self.port.clone(),
            clock: granted.clock.clone(),
            read: granted.scopes_of(READ).cloned().collect(),
            write: granted.scopes_of(WRITE).cloned().collect(),
        }
    }

    fn link(linker: &mut Linker<Ctx>, gate: &Gate) -> wasmtime::Result<()> {
        match gate.interface {
            READ_INTERFACE => kv_read::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view),
            _ => kv_write::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view),
        }
    }
}

impl RoomView<'_, Kv> {
    fn document(&self, key: &Arc<str>) -> Document {
        Document::Kv {
            plugin: self.call.plugin().plugin.clone(),
            key: key.clone(),
        }
    }

    async fn ask(&mut self, request: KvRequest) -> Result<KvReply, RoomError> {
        let reply = self.state.port.call(request).await;
        reply.map_err(|error| self.call.port_failed("kv", error))
    }

    /// Begins a function that is about one key: counts it, and checks the key and the scope.
    fn enter_key(
        &mut self,
        permission: &'static str,
        operation: &str,
        key: String,
    ) -> Result<Arc<str>, RoomError> {
        self.enter(permission, operation)?;
        check_key("key", &key).map_err(RoomError::invalid)?;
        let scopes = match permission {
            READ => &self.state.read,
            _ => &self.state.write,
        };
        let allowed = |scope: &KvScope| scope.keys.iter().any(|own| own.matches(&key));
        if scopes.iter().all(allowed) {
            return Ok(key.into());
        }
        let asked = format!("{operation} {key}");
        Err(self
            .call
            .deny(permission, asked, "outside the scope `keys`"))
    }
}
