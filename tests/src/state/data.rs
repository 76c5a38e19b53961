//! What the state holds.

use std::collections::BTreeMap;

use portcullis::capability::port::{Location, NpcInfo};
use portcullis::write_set::{Relationship, Version};
use serde_json::{Value, json};

/// A world.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) name: String,
    pub(super) config: BTreeMap<String, Value>,
    pub(super) locations: Vec<Location>,
    pub(super) npcs: BTreeMap<String, Npc>,
    pub(super) sessions: BTreeMap<String, Session>,
}

/// An NPC of a world.
#[derive(Clone, Debug)]
pub struct Npc {
    pub(super) info: NpcInfo,
    pub(super) attributes: BTreeMap<String, Value>,
    pub(super) version: Version,
}

/// A session of a world.
#[derive(Clone, Debug, Default)]
pub struct Session {
    pub(super) flags: BTreeMap<(String, String), Value>,
    pub(super) relationships: BTreeMap<String, Relationship>,
    pub(super) version: Version,
}

pub(super) fn two_worlds() -> BTreeMap<String, World> {
    [("alpha", "ada", "s1"), ("beta", "bob", "s2")]
        .map(|(world, npc, session)| (world.to_owned(), self::world(world, npc, session)))
        .into()
}

fn world(name: &str, npc: &str, session: &str) -> World {
    World {
        name: format!("The world {name}"),
        config: [("festival", json!(name)), ("tax", json!(7))]
            .map(|(key, value)| (key.to_owned(), value))
            .into(),
        locations: vec![Location {
            id: "market".to_owned(),
            name: "Market".to_owned(),
            tags: vec!["stage".to_owned()],
        }],
        npcs: [(npc.to_owned(), self::npc(npc))].into(),
        sessions: [
            (session.to_owned(), self::session(name)),
            ("shared".to_owned(), self::session(name)),
        ]
        .into(),
    }
}

fn npc(id: &str) -> Npc {
    Npc {
        info: NpcInfo {
            id: id.to_owned(),
            name: id.to_uppercase(),
            location: "market".to_owned(),
            activity: String::new(),
            tags: vec!["guard".to_owned()],
        },
        attributes: [("mood", json!("calm")), ("debts", json!(12))]
            .map(|(key, value)| (key.to_owned(), value))
            .into(),
        version: 1,
    }
}

fn session(world: &str) -> Session {
    let flags = [
        (("host", "inventory"), json!(["rope"])),
        (("stealth", "suspicion"), json!(40)),
        (("hostile", "of-world"), json!(world)),
    ];
    Session {
        flags: flags
            .map(|((namespace, key), value)| ((namespace.to_owned(), key.to_owned()), value))
            .into(),
        relationships: BTreeMap::new(),
        version: 1,
    }
}
