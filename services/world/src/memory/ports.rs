//! What plugins may read, by world and session. Whatever is outside of the world that is asked about is not found.

use portcullis::capability::port::{
    NpcInfo, NpcReply, NpcRequest, SessionInfo, SessionReply, SessionRequest,
};
use portcullis::capability::port::{Versioned, WorldInfo, WorldReply, WorldRequest};
use portcullis::capability::{Answer, Port, PortError};

use super::MemoryState;
use crate::state::{Session, World};

impl Port<WorldRequest> for MemoryState {
    fn call(&self, request: WorldRequest) -> Answer<'_, WorldRequest> {
        let (WorldRequest::World { world }
        | WorldRequest::Config { world, .. }
        | WorldRequest::Locations { world }
        | WorldRequest::Npcs { world }) = &request;
        let reply = self.look(world, |world| world_reply(world, &request));
        Answer::ready(reply.flatten().ok_or(PortError::NotFound))
    }
}

fn world_reply(world: &World, request: &WorldRequest) -> Option<WorldReply> {
    Some(match request {
        WorldRequest::World { .. } => WorldReply::World(WorldInfo {
            id: world.id.to_string(),
            name: world.name.clone(),
            hour: world.hour,
        }),
        WorldRequest::Config { key, .. } => WorldReply::Config(world.config.get(key)?.clone()),
        WorldRequest::Locations { .. } => WorldReply::Locations(world.locations.clone()),
        WorldRequest::Npcs { .. } => {
            WorldReply::Npcs(world.npcs.keys().map(ToString::to_string).collect())
        }
    })
}

impl Port<SessionRequest> for MemoryState {
    fn call(&self, request: SessionRequest) -> Answer<'_, SessionRequest> {
        let (SessionRequest::Session { world, session }
        | SessionRequest::Flag { world, session, .. }
        | SessionRequest::Relationship { world, session, .. }) = &request;
        let reply = self.look(world, |world| {
            session_reply(world, session, world.sessions.get(session)?, &request)
        });
        Answer::ready(reply.flatten().ok_or(PortError::NotFound))
    }
}

fn session_reply(
    world: &World,
    id: &str,
    session: &Session,
    request: &SessionRequest,
) -> Option<SessionReply> {
    let version = session.version;
    Some(match request {
        SessionRequest::Session { .. } => {
            let value = SessionInfo {
                id: id.to_owned(),
                world: world.id.to_string(),
                player: session.player.clone(),
                location: session.location.clone(),
            };
            SessionReply::Session(Versioned { version, value })
        }
        SessionRequest::Flag { namespace, key, .. } => {
            let value = session
                .flags
                .get(namespace)
                .and_then(|flags| flags.0.get(key))
                .cloned();
            SessionReply::Flag(Versioned { version, value })
        }
        SessionRequest::Relationship { npc, .. } => {
            world.npcs.get(npc.as_str())?;
            let value = session.relationships.get(npc).copied().unwrap_or_default();
            SessionReply::Relationship(Versioned { version, value })
        }
    })
}

impl Port<NpcRequest> for MemoryState {
    fn call(&self, request: NpcRequest) -> Answer<'_, NpcRequest> {
        let (NpcRequest::Npc { world, npc } | NpcRequest::Attribute { world, npc, .. }) = &request;
        let reply = self.look(world, |world| npc_reply(world, npc, &request));
        Answer::ready(reply.flatten().ok_or(PortError::NotFound))
    }
}

fn npc_reply(world: &World, id: &str, request: &NpcRequest) -> Option<NpcReply> {
    let npc = world.npcs.get(id)?;
    let version = npc.version;
    Some(match request {
        NpcRequest::Npc { .. } => {
            let value = NpcInfo {
                id: id.to_owned(),
                name: npc.name.clone(),
                location: npc.location.clone(),
                activity: npc.activity.clone(),
                tags: npc.tags.clone(),
            };
            NpcReply::Npc(Versioned { version, value })
        }
        NpcRequest::Attribute { key, .. } => NpcReply::Attribute(Versioned {
            version,
            value: npc.attributes.get(key).cloned(),
        }),
    })
}
