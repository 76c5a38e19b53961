//! `session-read`: read the session that the call belongs to.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use wasmtime::component::Linker;

use super::port::{SessionInfo, SessionReply, SessionRequest};
use super::{Capability, Ctx, Granted, HasRoom, Port, RoomError, RoomView};
use crate::manifest::PluginId;
use crate::pattern::{Pattern, check_key};
use crate::permission::{CapabilityDescriptor, Gate, RawParser};
use crate::write_set::{Change, Relationship};

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/uses-session-read",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        imports: { default: async | trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => crate::capability::RoomError },
    });
}

use bindings::portcullis::plugin::session_read as wit;

const PERMISSION: &str = "session:read";

/// Whose flags a plugin may read besides its own; nobody's by default.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionReadScope {
    /// Plugin ids, or `host` for the host's own flags.
    #[serde(default)]
    pub namespaces: Vec<Pattern>,
}

/// The capability `session-read`.
#[derive(Clone)]
pub struct SessionRead {
    port: Arc<dyn Port<SessionRequest>>,
}

impl SessionRead {
    /// The capability over the embedder's port.
    pub fn new(port: Arc<dyn Port<SessionRequest>>) -> Self {
        Self { port }
    }
}

/// What a plugin holds of `session-read`.
pub struct SessionReadState {
    port: Arc<dyn Port<SessionRequest>>,
    scopes: Vec<SessionReadScope>,
}

impl Capability for SessionRead {
    type Scope = SessionReadScope;
    type State = SessionReadState;
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "session-read",
        summary: "Read the call's session: its data, this plugin's flags, relationships.",
        wit: include_str!("../../wit/session-read.wit"),
        gates: &[Gate {
            interface: "portcullis:plugin/session-read",
            version: "0.1.0",
            permission: Some(PERMISSION),
        }],
        scope: RawParser::of::<SessionReadScope>(),
    };

    fn state(&self, granted: Granted<'_, SessionReadScope>) -> SessionReadState {
        SessionReadState {
            port: self.port.clone(),
            scopes: granted.into_scopes(),
        }
    }

    fn link(linker: &mut Linker<Ctx>, _gate: &Gate) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view)
    }
}

impl RoomView<'_, SessionRead> {
    fn session(&self) -> Result<(Arc<str>, Arc<str>), RoomError> {
        let subject = self.call.subject();
        let session = subject.session_id().ok_or_else(RoomError::not_found)?;
        Ok((subject.world_id().clone(), session.clone()))
    }

    /// Asks for something of a session, and notes the version of the session that the reply stands for.
    async fn ask(&mut self, request: SessionRequest) -> Result<SessionReply, RoomError> {
        let document = request.document();
        let reply = self
            .state
            .port
            .call(request)
            .await
            .map_err(|error| self.call.port_failed("session-read", error))?;
        self.call.depends_on(document, reply.version())?;
        Ok(reply)
    }

    /// A flag as this call sees it: what it wrote itself, else what is stored.
    async fn flag(&mut self, namespace: String, key: String) -> Result<String, RoomError> {
        let (world, session) = self.session()?;
        let request = SessionRequest::Flag {
            world,
            session,
            namespace,
            key,
        };
        if let Some(written) = written_flag(self, &request) {
            return written
                .map(|value| value.to_string())
                .ok_or_else(RoomError::not_found);
        }
        match self.ask(request).await? {
            SessionReply::Flag(flag) => flag
                .value
                .map(|value| value.to_string())
                .ok_or_else(RoomError::not_found),
            _ => Err(self.call.port_broke_protocol("session-read")),
        }
    }
}

/// What this call did to the flag: `None` if nothing, `Some(None)` if it cleared it.
fn written_flag(
    view: &RoomView<'_, SessionRead>,
    request: &SessionRequest,
) -> Option<Option<serde_json::Value>> {
    let SessionRequest::Flag {
        namespace: asked,
        key: name,
        ..
    } = request
    else {
        return None;
    };
    let document = request.document();
    let mut changes = view.call.pending(&document).rev();
    changes.find_map(|change| match change {
        Change::SetFlag {
            namespace,
            key,
            value,
        } if namespace.as_str() == asked && key == name => Some(Some(value.clone())),
        Change::ClearFlag { namespace, key } if namespace.as_str() == asked && key == name => {
            Some(None)
        }
        _ => None,
    })
}

impl wit::Host for RoomView<'_, SessionRead> {
    async fn get_session(&mut self) -> Result<wit::Session, RoomError> {
        self.enter(PERMISSION, "session-read.get-session")?;
        let (world, session) = self.session()?;
        match self.ask(SessionRequest::Session { world, session }).await? {
            SessionReply::Session(session) => Ok(session.value.into()),
            _ => Err(self.call.port_broke_protocol("session-read")),
        }
    }

    async fn get_flag(&mut self, key: String) -> Result<String, RoomError> {
        self.enter(PERMISSION, "session-read.get-flag")?;
        check_key("key", &key).map_err(RoomError::invalid)?;
        let own = self.call.plugin().plugin.as_str().to_owned();
        self.flag(own, key).await
    }

    async fn get_foreign_flag(
        &mut self,
        namespace: String,
        key: String,
    ) -> Result<String, RoomError> {
        self.enter(PERMISSION, "session-read.get-foreign-flag")?;
        check_key("key", &key).map_err(RoomError::invalid)?;
        // A namespace is a plugin's id, letter by letter; whatever is not one names nothing.
        let namespace = namespace
            .parse::<PluginId>()
            .map_err(|_| RoomError::not_found())?;
        let own = self.call.plugin().plugin == namespace;
        let in_scope = |scope: &SessionReadScope| {
            scope
                .namespaces
                .iter()
                .any(|p| p.matches(namespace.as_str()))
        };
        if !own && !self.state.scopes.iter().all(in_scope) {
            let asked = format!("session-read.get-foreign-flag {namespace}");
            return Err(self
                .call
                .deny(PERMISSION, asked, "outside the scope `namespaces`"));
        }
        self.flag(namespace.as_str().to_owned(), key).await
    }

    async fn get_relationship(&mut self, npc: String) -> Result<wit::Relationship, RoomError> {
        self.enter(PERMISSION, "session-read.get-relationship")?;
        check_key("npc", &npc).map_err(RoomError::invalid)?;
        let (world, session) = self.session()?;
        let request = SessionRequest::Relationship {
            world,
            session,
            npc: npc.clone(),
        };
        let document = request.document();
        let SessionReply::Relationship(stored) = self.ask(request).await? else {
            return Err(self.call.port_broke_protocol("session-read"));
        };
        let changed = self
            .call
            .pending(&document)
            .fold(stored.value, |now, change| match change {
                Change::UpdateRelationship {
                    npc: changed,
                    change,
                } if *changed == npc => now.changed_by(*change),
                _ => now,
            });
        Ok(changed.into())
    }
}

impl From<SessionInfo> for wit::Session {
    fn from(session: SessionInfo) -> Self {
        Self {
            id: session.id,
            world: session.world,
            player: session.player,
            location: session.location,
        }
    }
}

impl From<Relationship> for wit::Relationship {
    fn from(relationship: Relationship) -> Self {
        Self {
            affinity: relationship.affinity,
            trust: relationship.trust,
            intimacy: relationship.intimacy,
        }
    }
}
