//! The ports that are asked; the one that changes is [`super::commit`].

use portcullis::capability::port::{
    JobRequest, KvReply, KvRequest, NpcReply, NpcRequest, SessionInfo, SessionReply,
    SessionRequest, WorldInfo, WorldReply, WorldRequest,
};
use portcullis::capability::{Answer, Port, PortError, Request, Versioned};
use portcullis::clock::Clock;

use super::MemoryState;
use super::data::{Data, World};
use super::knobs::{Knob, Refused, Trouble};

/// Runs into the knob's trouble and then serves.
pub(super) fn serve<'a, R>(
    knob: &Knob,
    refuse: fn(Refused) -> R::Error,
    serve: impl FnOnce() -> Result<R::Reply, R::Error> + Send + 'a,
) -> Answer<'a, R>
where
    R: Request,
{
    match knob.ask() {
        Trouble::None => Answer::ready(serve()),
        trouble => Answer::pending(async move {
            trouble.run_into().await.map_err(refuse)?;
            serve()
        }),
    }
}

fn unavailable(_: Refused) -> PortError {
    PortError::Unavailable("the knob says so".to_owned())
}

fn find<'a>(data: &'a Data, world: &str) -> Result<&'a World, PortError> {
    data.worlds.get(world).ok_or(PortError::NotFound)
}

impl Port<WorldRequest> for MemoryState {
    fn call(&self, request: WorldRequest) -> Answer<'_, WorldRequest> {
        serve(&self.reads, unavailable, move || {
            let data = self.lock();
            Ok(match request {
                WorldRequest::World { world: id } => {
                    let world = find(&data, &id)?;
                    WorldReply::World(WorldInfo {
                        id: id.to_string(),
                        name: world.name.clone(),
                        hour: 20,
                    })
                }
                WorldRequest::Config { world, key } => {
                    let value = find(&data, &world)?.config.get(&key);
                    WorldReply::Config(value.cloned().ok_or(PortError::NotFound)?)
                }
                WorldRequest::Locations { world } => {
                    WorldReply::Locations(find(&data, &world)?.locations.clone())
                }
                WorldRequest::Npcs { world } => {
                    WorldReply::Npcs(find(&data, &world)?.npcs.keys().cloned().collect())
                }
            })
        })
    }
}

impl Port<NpcRequest> for MemoryState {
    fn call(&self, request: NpcRequest) -> Answer<'_, NpcRequest> {
        serve(&self.reads, unavailable, move || {
            let data = self.lock();
            let (NpcRequest::Npc { world, npc } | NpcRequest::Attribute { world, npc, .. }) =
                &request;
            let npc = find(&data, world)?
                .npcs
                .get(npc)
                .ok_or(PortError::NotFound)?;
            let version = npc.version;
            Ok(match &request {
                NpcRequest::Npc { .. } => NpcReply::Npc(Versioned {
                    version,
                    value: npc.info.clone(),
                }),
                NpcRequest::Attribute { key, .. } => NpcReply::Attribute(Versioned {
                    version,
                    value: npc.attributes.get(key).cloned(),
                }),
            })
        })
    }
}

impl Port<SessionRequest> for MemoryState {
    fn call(&self, request: SessionRequest) -> Answer<'_, SessionRequest> {
        serve(&self.reads, unavailable, move || {
            let data = self.lock();
            let (SessionRequest::Session { world: id, session }
            | SessionRequest::Flag {
                world: id, session, ..
            }
            | SessionRequest::Relationship {
                world: id, session, ..
            }) = &request;
            let world = find(&data, id)?;
            let found = world.sessions.get(&**session).ok_or(PortError::NotFound)?;
            let version = found.version;
            Ok(match request.clone() {
                SessionRequest::Session { .. } => {
                    let (id, world) = (session.to_string(), id.to_string());
                    let value = SessionInfo {
                        id,
                        world,
                        player: "player".to_owned(),
                        location: "market".to_owned(),
                    };
                    SessionReply::Session(Versioned { version, value })
                }
                SessionRequest::Flag { namespace, key, .. } => SessionReply::Flag(Versioned {
                    version,
                    value: found.flags.get(&(namespace, key)).cloned(),
                }),
                SessionRequest::Relationship { npc, .. } => {
                    world.npcs.get(&npc).ok_or(PortError::NotFound)?;
                    let value = found.relationships.get(&npc).copied().unwrap_or_default();
                    SessionReply::Relationship(Versioned { version, value })
                }
            })
        })
    }
}

impl Port<KvRequest> for MemoryState {
    fn call(&self, request: KvRequest) -> Answer<'_, KvRequest> {
        serve(&self.reads, unavailable, move || {
            let (KvRequest::Get { plugin, .. }
            | KvRequest::List { plugin, .. }
            | KvRequest::Usage { plugin }) = &request;
            let store = self.lock().stores.get(plugin).cloned().unwrap_or_default();
            let now_ms = self.clock.now_ms();
            Ok(match request {
                KvRequest::Get { key, .. } => KvReply::Get(store.get(&key, now_ms)),
                KvRequest::List {
                    prefix,
                    after,
                    limit,
                    ..
                } => KvReply::List(store.list(&prefix, after.as_deref(), limit, now_ms)),
                KvRequest::Usage { .. } => KvReply::Usage(store.usage(now_ms)),
            })
        })
    }
}

impl Port<JobRequest> for MemoryState {
    fn call(&self, request: JobRequest) -> Answer<'_, JobRequest> {
        serve(&self.reads, unavailable, move || {
            let JobRequest::Read {
                plugin,
                subject,
                job,
            } = request;
            let data = self.lock();
            let job = data.jobs.get(&job).ok_or(PortError::NotFound)?;
            match job.is_of(&plugin, &subject) {
                true => Ok(job.state.clone()),
                false => Err(PortError::NotFound),
            }
        })
    }
}
