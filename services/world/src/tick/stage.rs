//! What holds for all NPCs of a world in a tick.

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis::{Scene, Subject};
use portcullis_state::{NpcDocument, World};
use serde_json::{Map, Value};

use crate::draw::Draw;
use crate::plan::Plan;
use crate::tally::Who;

/// A world as it stood when the hour began.
pub(super) struct Stage<'a> {
    pub(super) world: &'a World,
    pub(super) plan: &'a Plan,
    /// What simulation providers set.
    pub(super) settings: Map<String, Value>,
    /// The session that concerns whoever is at a location: the first, by id, whose player is there.
    sessions: BTreeMap<&'a str, &'a Arc<str>>,
}

/// An NPC whose turn it is.
pub(super) struct Turn<'a> {
    pub(super) stage: &'a Stage<'a>,
    pub(super) who: Who,
    pub(super) npc: &'a NpcDocument,
    pub(super) subject: Subject,
    pub(super) draw: Draw,
}

impl<'a> Stage<'a> {
    pub(super) fn new(world: &'a World, plan: &'a Plan, settings: Map<String, Value>) -> Self {
        let mut sessions = BTreeMap::new();
        for (id, session) in &world.sessions {
            let location = session.value.meta.location.as_str();
            if !location.is_empty() {
                sessions.entry(location).or_insert(id);
            }
        }
        Self {
            world,
            plan,
            settings,
            sessions,
        }
    }

    pub(super) fn turn(&'a self, seed: u64, id: &Arc<str>, npc: &'a NpcDocument) -> Turn<'a> {
        let world = &self.world.id;
        let mut subject = Subject::world(world.clone()).npc(id.clone());
        if let Some(session) = self.sessions.get(npc.meta.location.as_str()) {
            subject = subject.session(Arc::clone(session));
        }
        Turn {
            stage: self,
            who: (world.clone(), id.clone()),
            npc,
            subject,
            draw: Draw::new(seed, self.hour(), world, id),
        }
    }

    /// Hours since the world began.
    pub(super) fn hour(&self) -> u64 {
        self.world.document.meta.hour
    }
}

impl Turn<'_> {
    pub(super) fn scene(&self) -> Scene<'_> {
        Scene {
            subject: &self.subject,
            enabled: &self.stage.world.enabled,
        }
    }
}
