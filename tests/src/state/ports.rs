//! The four ports.

use std::collections::BTreeMap;

use portcullis::capability::port::{
    NpcReply, NpcRequest, SessionInfo, SessionReply, SessionRequest, WorldInfo, WorldReply,
    WorldRequest,
};
use portcullis::capability::{Answer, Port, PortError, Request, Versioned};
use portcullis::write_set::{Change, CommitError, Document, Version, Write, WriteSet};

use super::MemoryState;
use super::data::{Session, World};
use super::knobs::{Knob, Refused, Trouble};

type Worlds = BTreeMap<String, World>;

/// Runs into the knob's trouble and then serves.
fn serve<'a, R>(
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

fn find<'a>(worlds: &'a Worlds, world: &str) -> Result<&'a World, PortError> {
    worlds.get(world).ok_or(PortError::NotFound)
}

impl Port<WorldRequest> for MemoryState {
    fn call(&self, request: WorldRequest) -> Answer<'_, WorldRequest> {
        serve(&self.reads, unavailable, move || {
            let worlds = self.lock();
            Ok(match request {
                WorldRequest::World { world: id } => {
                    let world = find(&worlds, &id)?;
                    WorldReply::World(WorldInfo {
                        id: id.to_string(),
                        name: world.name.clone(),
                        hour: 20,
                    })
                }
                WorldRequest::Config { world, key } => {
                    let value = find(&worlds, &world)?.config.get(&key);
                    WorldReply::Config(value.cloned().ok_or(PortError::NotFound)?)
                }
                WorldRequest::Locations { world } => {
                    WorldReply::Locations(find(&worlds, &world)?.locations.clone())
                }
                WorldRequest::Npcs { world } => {
                    WorldReply::Npcs(find(&worlds, &world)?.npcs.keys().cloned().collect())
                }
            })
        })
    }
}

impl Port<NpcRequest> for MemoryState {
    fn call(&self, request: NpcRequest) -> Answer<'_, NpcRequest> {
        serve(&self.reads, unavailable, move || {
            let worlds = self.lock();
            let (NpcRequest::Npc { world, npc } | NpcRequest::Attribute { world, npc, .. }) =
                &request;
            let npc = find(&worlds, world)?
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
            let worlds = self.lock();
            let (SessionRequest::Session { world: id, session }
            | SessionRequest::Flag {
                world: id, session, ..
            }
            | SessionRequest::Relationship {
                world: id, session, ..
            }) = &request;
            let world = find(&worlds, id)?;
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

impl Port<WriteSet> for MemoryState {
    fn call(&self, writes: WriteSet) -> Answer<'_, WriteSet> {
        let refuse = |refused| match refused {
            Refused::Fail => CommitError::Failed,
            Refused::Conflict => CommitError::Conflict,
        };
        serve(&self.commits, refuse, move || {
            commit(&mut self.lock(), &writes)
        })
    }
}

/// All of the write set, or nothing.
fn commit(worlds: &mut Worlds, writes: &WriteSet) -> Result<(), CommitError> {
    if writes
        .reads
        .iter()
        .any(|(document, version)| version_of(worlds, document) != Some(*version))
    {
        return Err(CommitError::Conflict);
    }
    let mut draft = worlds.clone();
    for write in &writes.writes {
        apply(&mut draft, write).ok_or(CommitError::Failed)?;
    }
    *worlds = draft;
    Ok(())
}

fn version_of(worlds: &Worlds, document: &Document) -> Option<Version> {
    match document {
        Document::Session { world, session } => {
            Some(worlds.get(&**world)?.sessions.get(&**session)?.version)
        }
        Document::Npc { world, npc } => Some(worlds.get(&**world)?.npcs.get(&**npc)?.version),
        _ => None,
    }
}

fn apply(worlds: &mut Worlds, write: &Write) -> Option<()> {
    let Document::Session { world, session } = &write.document else {
        return None;
    };
    let session: &mut Session = worlds.get_mut(&**world)?.sessions.get_mut(&**session)?;
    session.version += 1;
    match write.change.clone() {
        Change::SetFlag {
            namespace,
            key,
            value,
        } => {
            session
                .flags
                .insert((namespace.as_str().to_owned(), key), value);
        }
        Change::ClearFlag { namespace, key } => {
            session.flags.remove(&(namespace.as_str().to_owned(), key));
        }
        Change::UpdateRelationship { npc, change } => {
            let now = session.relationships.entry(npc).or_default();
            *now = now.changed_by(change);
        }
        _ => return None,
    }
    Some(())
}
