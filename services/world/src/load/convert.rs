//! From a world file to a stored world, and back.

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis::capability::port::Location;
use portcullis::write_set::Relationship;
use portcullis_state::{
    NpcDocument, NpcMeta, SessionDocument, SessionMeta, World, WorldDocument, WorldMeta,
};
use serde_json::{Value, json};

use crate::file::{
    Flags, LocationEntry, NpcEntry, RelationshipEntry, SessionEntry, WorldFile, WorldHead,
};

/// The world of a file that was checked.
pub(super) fn world(file: WorldFile) -> World {
    let head = file.world;
    let mut locations: Vec<_> = file.locations.into_iter().map(location).collect();
    locations.sort_by(|a, b| a.id.cmp(&b.id));
    let document = WorldDocument {
        meta: WorldMeta {
            name: named(head.name, &head.id),
            hour: head.hour,
            workspace: head.workspace.map(Into::into),
            more: head.more,
        },
        config: head.config,
        behavior: head.behavior,
        locations,
        // Routines came from JSON, so they go back to it.
        routines: serde_json::to_value(&file.routines).unwrap_or_default(),
    };
    // The list was checked. A store looks at the workspace's as well.
    let behavior = json!({ "behavior": document.behavior });
    let enabled = portcullis::enabled::get(&behavior).unwrap_or_default();
    let mut world = World::new(head.id, document);
    world.enabled = Arc::new(enabled);
    for (id, document) in file.npcs.into_iter().map(npc) {
        world = world.npc(id, document);
    }
    for (id, document) in file.sessions.into_iter().map(session) {
        world = world.session(id, document);
    }
    world
}

fn named(name: String, id: &str) -> String {
    match name.is_empty() {
        true => id.to_owned(),
        false => name,
    }
}

fn location(entry: LocationEntry) -> Location {
    Location {
        name: named(entry.name, &entry.id),
        id: entry.id,
        tags: entry.tags,
    }
}

fn npc(entry: NpcEntry) -> (Arc<str>, NpcDocument) {
    let meta = NpcMeta {
        name: named(entry.name, &entry.id),
        location: entry.location,
        activity: entry.activity,
        routine: entry.routine,
        tags: entry.tags,
        more: entry.more,
    };
    let attributes = entry.attributes;
    (entry.id.into(), NpcDocument { meta, attributes })
}

fn session(entry: SessionEntry) -> (Arc<str>, SessionDocument) {
    let meta = SessionMeta {
        player: entry.player,
        location: entry.location,
        more: entry.more,
    };
    let flags = entry.flags.into_iter();
    let relationships = entry.relationships.into_iter();
    let document = SessionDocument {
        meta,
        flags: flags
            .map(|(namespace, flags)| (namespace, flags.0))
            .collect(),
        relationships: relationships.map(|(npc, one)| (npc, one.into())).collect(),
    };
    (entry.id.into(), document)
}

/// The file of a stored world.
pub(super) fn file(world: &World) -> Result<WorldFile, serde_json::Error> {
    let document = &*world.document;
    Ok(WorldFile {
        world: WorldHead {
            id: world.id.to_string(),
            name: document.meta.name.clone(),
            hour: document.meta.hour,
            workspace: document.meta.workspace.as_deref().map(str::to_owned),
            config: document.config.clone(),
            behavior: document.behavior.clone(),
            more: document.meta.more.clone(),
        },
        locations: document.locations.iter().map(location_entry).collect(),
        routines: match &document.routines {
            Value::Null => Vec::new(),
            routines => serde_json::from_value(routines.clone())?,
        },
        npcs: entries(&world.npcs, |id, npc| npc_entry(id, &npc.value)),
        sessions: entries(&world.sessions, |id, session| {
            session_entry(id, &session.value)
        }),
    })
}

fn entries<T, E>(from: &BTreeMap<Arc<str>, Arc<T>>, entry: impl Fn(&str, &T) -> E) -> Vec<E> {
    from.iter().map(|(id, one)| entry(id, one)).collect()
}

fn location_entry(location: &Location) -> LocationEntry {
    LocationEntry {
        id: location.id.clone(),
        name: location.name.clone(),
        tags: location.tags.clone(),
    }
}

fn npc_entry(id: &str, npc: &NpcDocument) -> NpcEntry {
    NpcEntry {
        id: id.to_owned(),
        name: npc.meta.name.clone(),
        location: npc.meta.location.clone(),
        routine: npc.meta.routine.clone(),
        activity: npc.meta.activity.clone(),
        tags: npc.meta.tags.clone(),
        attributes: npc.attributes.clone(),
        more: npc.meta.more.clone(),
    }
}

fn session_entry(id: &str, session: &SessionDocument) -> SessionEntry {
    let flags = session.flags.iter();
    let relationships = session.relationships.iter();
    SessionEntry {
        id: id.to_owned(),
        player: session.meta.player.clone(),
        location: session.meta.location.clone(),
        flags: flags
            .map(|(namespace, flags)| (namespace.clone(), Flags(flags.clone())))
            .collect(),
        relationships: relationships
            .map(|(npc, one)| (npc.clone(), (*one).into()))
            .collect(),
        more: session.meta.more.clone(),
    }
}

impl From<RelationshipEntry> for Relationship {
    fn from(entry: RelationshipEntry) -> Self {
        let RelationshipEntry {
            affinity,
            trust,
            intimacy,
        } = entry;
        Self {
            affinity,
            trust,
            intimacy,
        }
    }
}

impl From<Relationship> for RelationshipEntry {
    fn from(relationship: Relationship) -> Self {
        let Relationship {
            affinity,
            trust,
            intimacy,
        } = relationship;
        Self {
            affinity,
            trust,
            intimacy,
        }
    }
}
