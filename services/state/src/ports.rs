//! What the runtime asks of its host's state. Whatever is outside of the world that is asked about is not found.

use portcullis::capability::port::{
    JobRequest, JobState, KvReply, KvRequest, NpcInfo, NpcReply, NpcRequest, SessionInfo,
    SessionReply, SessionRequest, Versioned, WorldInfo, WorldReply, WorldRequest,
};
use portcullis::capability::{Answer, Port, PortError};
use portcullis::write_set::{CommitError, WriteSet};
use tokio::sync::oneshot;

use crate::document::{NpcDocument, SessionDocument, World};
use crate::memory::Memory;
use crate::store::Store;
use crate::writer::Task;

impl Port<WorldRequest> for Store {
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
    let document = &world.document;
    Some(match request {
        WorldRequest::World { .. } => WorldReply::World(WorldInfo {
            id: world.id.to_string(),
            name: document.meta.name.clone(),
            hour: document.meta.hour,
        }),
        WorldRequest::Config { key, .. } => WorldReply::Config(document.config.get(key)?.clone()),
        WorldRequest::Locations { .. } => {
            let mut locations = document.locations.clone();
            locations.sort_by(|a, b| a.id.cmp(&b.id));
            WorldReply::Locations(locations)
        }
        WorldRequest::Npcs { .. } => {
            WorldReply::Npcs(world.npcs.keys().map(ToString::to_string).collect())
        }
    })
}

impl Port<SessionRequest> for Store {
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
    session: &Versioned<SessionDocument>,
    request: &SessionRequest,
) -> Option<SessionReply> {
    let (version, document) = (session.version, &session.value);
    Some(match request {
        SessionRequest::Session { .. } => {
            let value = SessionInfo {
                id: id.to_owned(),
                world: world.id.to_string(),
                player: document.meta.player.clone(),
                location: document.meta.location.clone(),
            };
            SessionReply::Session(Versioned { version, value })
        }
        SessionRequest::Flag { namespace, key, .. } => {
            let flags = document.flags.get(namespace);
            let value = flags.and_then(|flags| flags.get(key)).cloned();
            SessionReply::Flag(Versioned { version, value })
        }
        SessionRequest::Relationship { npc, .. } => {
            world.npcs.get(npc.as_str())?;
            let relationship = document.relationships.get(npc);
            let value = relationship.copied().unwrap_or_default();
            SessionReply::Relationship(Versioned { version, value })
        }
    })
}

impl Port<NpcRequest> for Store {
    fn call(&self, request: NpcRequest) -> Answer<'_, NpcRequest> {
        let (NpcRequest::Npc { world, npc } | NpcRequest::Attribute { world, npc, .. }) = &request;
        let reply = self.look(world, |world| {
            let document = world.npcs.get(npc.as_str())?;
            Some(npc_reply(npc, document, &request))
        });
        Answer::ready(reply.flatten().ok_or(PortError::NotFound))
    }
}

fn npc_reply(id: &str, npc: &Versioned<NpcDocument>, request: &NpcRequest) -> NpcReply {
    let (version, document) = (npc.version, &npc.value);
    match request {
        NpcRequest::Npc { .. } => {
            let value = NpcInfo {
                id: id.to_owned(),
                name: document.meta.name.clone(),
                location: document.meta.location.clone(),
                activity: document.meta.activity.clone(),
                tags: document.meta.tags.clone(),
            };
            NpcReply::Npc(Versioned { version, value })
        }
        NpcRequest::Attribute { key, .. } => NpcReply::Attribute(Versioned {
            version,
            value: document.attributes.get(key).cloned(),
        }),
    }
}

impl Port<KvRequest> for Store {
    fn call(&self, request: KvRequest) -> Answer<'_, KvRequest> {
        let now_ms = self.now_ms();
        Answer::ready(Ok(kv_reply(&self.shared().read(), &request, now_ms)))
    }
}

fn kv_reply(memory: &Memory, request: &KvRequest, now_ms: u64) -> KvReply {
    match request {
        KvRequest::Get { plugin, key } => {
            let document = memory.kv.get(plugin).and_then(|keys| keys.get(key));
            let live = document.filter(|document| !document.value.expired(now_ms));
            KvReply::Get(Versioned {
                version: live.map_or(0, |document| document.version),
                value: live.map(|document| document.value.entry().clone()),
            })
        }
        KvRequest::List {
            plugin,
            prefix,
            after,
            limit,
        } => {
            let part = (prefix.as_str(), after.as_deref(), *limit);
            let keys = memory.kv.get(plugin);
            KvReply::List(keys.map(|keys| keys.page(part, now_ms)).unwrap_or_default())
        }
        KvRequest::Usage { plugin } => {
            let keys = memory.kv.get(plugin);
            KvReply::Usage(keys.map(|keys| keys.live(now_ms)).unwrap_or_default())
        }
    }
}

impl Port<JobRequest> for Store {
    fn call(&self, request: JobRequest) -> Answer<'_, JobRequest> {
        let state = job_state(&self.shared().read(), &request);
        Answer::ready(state.ok_or(PortError::NotFound))
    }
}

fn job_state(memory: &Memory, request: &JobRequest) -> Option<JobState> {
    let JobRequest::Read {
        plugin,
        subject,
        job,
    } = request;
    let document = memory.jobs.get(plugin)?.get(job)?;
    let is_theirs = document.value.is_of(subject);
    is_theirs.then(|| document.value.state.clone())
}

impl Port<WriteSet> for Store {
    fn call(&self, set: WriteSet) -> Answer<'_, WriteSet> {
        let (reply, receiver) = oneshot::channel();
        let set = Box::new(set);
        // Sent before the answer is awaited: the commit is made even if nobody waits for it.
        self.send(Task::Commit { set, reply });
        Answer::pending(async move { receiver.await.unwrap_or(Err(CommitError::Failed)) })
    }
}
