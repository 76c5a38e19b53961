//! The commit of a call's changes: all of them, or nothing.

use std::sync::Arc;

use portcullis::capability::port::{KvEntry, Versioned};
use portcullis::write_set::{Change, CommitError, Version, Write, WriteSet};

use super::bounds;
use super::overlay::Overlay;
use super::tally::Tally;
use crate::content::Content;
use crate::history::NewRow;
use crate::item::Item;
use crate::job::JobDocument;
use crate::{change, depth};

/// Makes a call's changes on the overlay, one row of the history for each. `before` is what its plugin has in the store, `revision` is the
/// commit's, if it succeeds.
pub(super) fn stage(
    overlay: &mut Overlay<'_>,
    set: &WriteSet,
    before: Tally,
    revision: Version,
) -> Result<Vec<NewRow>, CommitError> {
    for (document, version) in &set.reads {
        let item = Item::of_document(document).ok_or(CommitError::Failed)?;
        if current(overlay, &item) != Some(*version) {
            return Err(CommitError::Conflict);
        }
    }
    let mut rows = Vec::with_capacity(set.writes.len());
    for write in &set.writes {
        rows.push(apply(overlay, set, write, revision)?);
    }
    bounds::tally(before, before.after(overlay), set.kv_quota)?;
    bounds::documents(overlay)?;
    Ok(rows)
}

/// The version that a call would see now. Keys that are not there, or have expired, have version 0.
fn current(overlay: &Overlay<'_>, item: &Item) -> Option<Version> {
    match overlay.get(item) {
        Some(Content::Kv(document)) if document.value.expired(overlay.now_ms()) => Some(0),
        Some(content) => Some(content.version()),
        None => matches!(item, Item::Kv { .. } | Item::Generation { .. }).then_some(0),
    }
}

fn apply(
    overlay: &mut Overlay<'_>,
    set: &WriteSet,
    write: &Write,
    revision: Version,
) -> Result<NewRow, CommitError> {
    let item = Item::of_document(&write.document).ok_or(CommitError::Failed)?;
    let text = serde_json::to_string(&write.change).map_err(|_| CommitError::Failed)?;
    let done = is_allowed(set, &item)
        && depth::fits(&text, depth::CHANGE_LEVELS)
        && make(overlay, set, &item, &write.change, revision)?;
    if !done {
        return Err(CommitError::Failed);
    }
    Ok(NewRow { item, change: text })
}

/// A call changes its own session, NPCs of its own world, and its plugin's keys and jobs, whatever its write set says.
fn is_allowed(set: &WriteSet, item: &Item) -> bool {
    let (subject, own) = (&set.subject, &set.plugin.plugin);
    match item {
        Item::Session { world, session } => {
            world == subject.world_id() && Some(session) == subject.session_id()
        }
        Item::Npc { world, .. } => world == subject.world_id(),
        Item::Kv { plugin, .. } | Item::Generation { plugin, .. } => plugin == own,
        Item::Workspace { .. } | Item::World { .. } => false,
    }
}

/// Makes one change; false if it cannot be made as it is.
fn make(
    overlay: &mut Overlay<'_>,
    set: &WriteSet,
    item: &Item,
    change: &Change,
    revision: Version,
) -> Result<bool, CommitError> {
    Ok(match (item, change) {
        (Item::Session { world, .. }, _) => {
            let fits = match change {
                Change::SetFlag { namespace, .. } | Change::ClearFlag { namespace, .. } => {
                    *namespace == set.plugin.plugin
                }
                Change::UpdateRelationship { npc, .. } => overlay.has(&Item::npc(world, npc)),
                _ => true,
            };
            let edit = |content: &mut Content| {
                let session = content.session_mut();
                session.is_some_and(|session| change::session(session, change))
            };
            fits && overlay.edit(item, edit).unwrap_or(false)
        }
        (Item::Npc { world, .. }, _) => {
            let fits = match change {
                Change::MoveNpc { location } => has_location(overlay, world, location),
                _ => true,
            };
            let edit = |content: &mut Content| {
                bounds::npc(content, change)?;
                let npc = content.npc_mut();
                Ok(npc.is_some_and(|npc| change::npc(npc, change)))
            };
            fits && overlay.edit(item, edit).unwrap_or(Ok(false))?
        }
        (Item::Kv { .. }, Change::PutKv { value, expires_ms }) => {
            let entry = KvEntry {
                value: value.clone(),
                expires_ms: *expires_ms,
            };
            overlay.put(item.clone(), Content::Kv(new(entry.into())));
            true
        }
        (Item::Kv { .. }, Change::DeleteKv) => {
            overlay.remove(item);
            true
        }
        (Item::Generation { .. }, Change::SubmitGeneration { request }) => {
            let free = !overlay.has(item);
            if free {
                let job = JobDocument::new(set.subject.clone(), request.clone(), revision);
                overlay.put(item.clone(), Content::Generation(new(job)));
            }
            free
        }
        _ => false,
    })
}

/// A new document; its version comes with the commit.
fn new<T>(value: T) -> Arc<Versioned<T>> {
    crate::document::unsaved(value)
}

fn has_location(overlay: &Overlay<'_>, world: &str, location: &str) -> bool {
    match overlay.get(&Item::world(world)) {
        Some(Content::World(world)) => {
            let locations = &world.value.locations;
            locations.iter().any(|place| place.id == location)
        }
        _ => false,
    }
}
