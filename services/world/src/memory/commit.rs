//! The commit of a call's changes: all of them, or nothing.

use std::sync::{Arc, PoisonError};

use portcullis::capability::{Answer, Port};
use portcullis::write_set::{Change, CommitError, Document, Version, WriteSet};

use super::{MemoryState, Worlds};
use crate::state::Session;

impl Port<WriteSet> for MemoryState {
    fn call(&self, set: WriteSet) -> Answer<'_, WriteSet> {
        let mut worlds = self.worlds.write().unwrap_or_else(PoisonError::into_inner);
        Answer::ready(commit(&mut worlds, set))
    }
}

fn commit(worlds: &mut Worlds, set: WriteSet) -> Result<(), CommitError> {
    let current =
        |(document, version): (&Document, &Version)| version_of(worlds, document) == Some(*version);
    if !set.reads.iter().all(current) {
        return Err(CommitError::Conflict);
    }
    // Changed in copies first: whatever is wrong with the last change, the first has not happened.
    let mut changed: Vec<(Arc<str>, Arc<str>, Session)> = Vec::new();
    for write in set.writes {
        let Document::Session { world, session } = write.document else {
            return Err(CommitError::Failed);
        };
        // A call changes its own session, in its own world, whatever its write set says.
        if world != *set.subject.world_id() || Some(&session) != set.subject.session_id() {
            return Err(CommitError::Failed);
        }
        let place = match changed
            .iter()
            .position(|(w, s, _)| *w == world && *s == session)
        {
            Some(place) => place,
            None => {
                let stored = worlds
                    .get(&world)
                    .and_then(|world| world.sessions.get(&session));
                let mut copy = stored.ok_or(CommitError::Failed)?.clone();
                copy.version += 1;
                changed.push((world.clone(), session, copy));
                changed.len() - 1
            }
        };
        let known_npc = |npc: &str| {
            worlds
                .get(&world)
                .is_some_and(|world| world.npcs.contains_key(npc))
        };
        let (_, _, session) = changed.get_mut(place).ok_or(CommitError::Failed)?;
        apply(session, write.change, known_npc)?;
    }
    for (world, id, session) in changed {
        if let Some(world) = worlds.get_mut(&world) {
            world.sessions.insert(id, session);
        }
    }
    Ok(())
}

fn version_of(worlds: &Worlds, document: &Document) -> Option<Version> {
    match document {
        Document::Session { world, session } => {
            Some(worlds.get(world)?.sessions.get(session)?.version)
        }
        Document::Npc { world, npc } => Some(worlds.get(world)?.npcs.get(npc)?.version),
        _ => None,
    }
}

fn apply(
    session: &mut Session,
    change: Change,
    known_npc: impl Fn(&str) -> bool,
) -> Result<(), CommitError> {
    match change {
        Change::SetFlag {
            namespace,
            key,
            value,
        } => {
            session
                .flags
                .entry(namespace.as_str().to_owned())
                .or_default()
                .0
                .insert(key, value);
        }
        Change::ClearFlag { namespace, key } => {
            if let Some(flags) = session.flags.get_mut(namespace.as_str()) {
                flags.0.remove(&key);
                if flags.0.is_empty() {
                    session.flags.remove(namespace.as_str());
                }
            }
        }
        Change::UpdateRelationship { npc, change } if known_npc(&npc) => {
            let relationship = session.relationships.entry(npc).or_default();
            *relationship = relationship.changed_by(change);
        }
        // What this store does not know, it cannot do; and a commit is never half done.
        _ => return Err(CommitError::Failed),
    }
    Ok(())
}
