//! What the state holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis::PluginId;
use portcullis::capability::port::{Location, NpcInfo};
use portcullis::write_set::{Relationship, Version};
use serde_json::{Value, json};

use super::jobs::Job;
use super::store::Store;

/// All that the state holds. It is changed in a copy, which then takes its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Data {
    pub(super) worlds: Worlds,
    pub(super) stores: BTreeMap<PluginId, Store>,
    pub(super) jobs: BTreeMap<Arc<str>, Job>,
}

pub(super) type Worlds = BTreeMap<String, World>;

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
    /// Its own data.
    pub info: NpcInfo,
    /// Its attributes.
    pub attributes: BTreeMap<String, Value>,
    pub(super) version: Version,
}

/// A session of a world.
#[derive(Clone, Debug, Default)]
pub struct Session {
    pub(super) flags: BTreeMap<(String, String), Value>,
    pub(super) relationships: BTreeMap<String, Relationship>,
    pub(super) version: Version,
}

pub(super) fn two_worlds() -> Worlds {
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
        locations: vec![
            location("gate", "Gate", &[]),
            location("market", "Market", &["stage"]),
        ],
        npcs: [(npc.to_owned(), self::npc(npc))].into(),
        sessions: [
            (session.to_owned(), self::session(name)),
            ("shared".to_owned(), self::session(name)),
        ]
        .into(),
    }
}

fn location(id: &str, name: &str, tags: &[&str]) -> Location {
    Location {
        id: id.to_owned(),
        name: name.to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
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
