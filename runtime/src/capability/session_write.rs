//! `session-write`: change the session that the call belongs to. Changes are collected; the engine commits them when the call has returned.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use wasmtime::component::Linker;

use super::port::{SessionReply, SessionRequest};
use super::{Capability, Ctx, Granted, HasRoom, Port, RoomError, RoomView};
use crate::pattern::{Pattern, check_key};
use crate::permission::{CapabilityDescriptor, Gate, RawParser};
use crate::write_set::{Change, Document, Relationship, parse_value};

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/uses-session-write",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        imports: { default: async | trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => crate::capability::RoomError },
    });
}

use bindings::portcullis::plugin::session_write as wit;

const PERMISSION: &str = "session:write";

/// What a plugin may change; its own flags and every relationship by default.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionWriteScope {
    /// The plugin's own flags that it may set: names, or beginnings of names that end in `*`.
    #[serde(default = "everything")]
    pub flags: Vec<Pattern>,
    /// The NPCs whose relationships it may change: ids, or beginnings of ids that end in `*`.
    #[serde(default = "everything")]
    pub relationships: Vec<Pattern>,
}

impl Default for SessionWriteScope {
    fn default() -> Self {
        Self {
            flags: everything(),
            relationships: everything(),
        }
    }
}

fn everything() -> Vec<Pattern> {
    vec![Pattern::any()]
}

/// The capability `session-write`. Its port is only asked whether what is to change exists.
#[derive(Clone)]
pub struct SessionWrite {
    port: Arc<dyn Port<SessionRequest>>,
}

impl SessionWrite {
    /// The capability over the embedder's port.
    pub fn new(port: Arc<dyn Port<SessionRequest>>) -> Self {
        Self { port }
    }
}

/// What a plugin holds of `session-write`.
pub struct SessionWriteState {
    port: Arc<dyn Port<SessionRequest>>,
    scopes: Vec<SessionWriteScope>,
}

impl Capability for SessionWrite {
    type Scope = SessionWriteScope;
    type State = SessionWriteState;
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "session-write",
        summary: "Set this plugin's flags and change relationships in the call's session, all of a call or nothing.",
        wit: include_str!("../../wit/session-write.wit"),
        gates: &[Gate {
            interface: "portcullis:plugin/session-write",
            version: "0.1.0",
            permission: Some(PERMISSION),
        }],
        scope: RawParser::of::<SessionWriteScope>(),
    };

    fn state(&self, granted: Granted<'_, SessionWriteScope>) -> SessionWriteState {
        SessionWriteState {
            port: self.port.clone(),
            scopes: granted.into_scopes(),
        }
    }

    fn link(linker: &mut Linker<Ctx>, _gate: &Gate) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view)
    }
}

impl RoomView<'_, SessionWrite> {
    fn session(&self) -> Result<(Arc<str>, Arc<str>), RoomError> {
        let subject = self.call.subject();
        let session = subject.session_id().ok_or_else(RoomError::not_found)?;
        Ok((subject.world_id().clone(), session.clone()))
    }

    /// The plugin gets `not-found` when it names something that does not exist, rather than a commit that fails.
    async fn must_exist(&mut self, request: SessionRequest) -> Result<Document, RoomError> {
        let document = request.document();
        let reply = self.state.port.call(request).await;
        let reply: SessionReply =
            reply.map_err(|error| self.call.port_failed("session-write", error))?;
        drop(reply);
        Ok(document)
    }

    fn check_flag(&mut self, operation: &str, key: &str) -> Result<(), RoomError> {
        check_key("key", key).map_err(RoomError::invalid)?;
        if self
            .state
            .scopes
            .iter()
            .all(|scope| scope.flags.iter().any(|pattern| pattern.matches(key)))
        {
            return Ok(());
        }
        Err(self.call.deny(
            PERMISSION,
            format!("{operation} {key}"),
            "outside the scope `flags`",
        ))
    }

    async fn write_flag(&mut self, change: Change, size: usize) -> Result<(), RoomError> {
        let (world, session) = self.session()?;
        let document = self
            .must_exist(SessionRequest::Session { world, session })
            .await?;
        self.call.write(document, change, size)
    }
}

impl wit::Host for RoomView<'_, SessionWrite> {
    async fn set_flag(&mut self, key: String, value: String) -> Result<(), RoomError> {
        self.enter(PERMISSION, "session-write.set-flag")?;
        self.check_flag("session-write.set-flag", &key)?;
        let size = key.len() + value.len();
        let value = parse_value("value", &value).map_err(RoomError::invalid)?;
        let namespace = self.call.plugin().plugin.clone();
        self.write_flag(
            Change::SetFlag {
                namespace,
                key,
                value,
            },
            size,
        )
        .await
    }

    async fn clear_flag(&mut self, key: String) -> Result<(), RoomError> {
        self.enter(PERMISSION, "session-write.clear-flag")?;
        self.check_flag("session-write.clear-flag", &key)?;
        let namespace = self.call.plugin().plugin.clone();
        let size = key.len();
        self.write_flag(Change::ClearFlag { namespace, key }, size)
            .await
    }

    async fn update_relationship(
        &mut self,
        npc: String,
        change: wit::RelationshipChange,
    ) -> Result<(), RoomError> {
        self.enter(PERMISSION, "session-write.update-relationship")?;
        check_key("npc", &npc).map_err(RoomError::invalid)?;
        if !self.state.scopes.iter().all(|scope| {
            scope
                .relationships
                .iter()
                .any(|pattern| pattern.matches(&npc))
        }) {
            let asked = format!("session-write.update-relationship {npc}");
            return Err(self
                .call
                .deny(PERMISSION, asked, "outside the scope `relationships`"));
        }
        let (world, session) = self.session()?;
        let document = self
            .must_exist(SessionRequest::Relationship {
                world,
                session,
                npc: npc.clone(),
            })
            .await?;
        let size = npc.len() + size_of::<Relationship>();
        self.call.write(
            document,
            Change::UpdateRelationship {
                npc,
                change: change.into(),
            },
            size,
        )
    }
}

impl From<wit::RelationshipChange> for Relationship {
    fn from(change: wit::RelationshipChange) -> Self {
        Self {
            affinity: change.affinity,
            trust: change.trust,
            intimacy: change.intimacy,
        }
    }
}
