//! What a call's change does to a document. Commits and the check of the history both go through here.

use portcullis::write_set::Change;

use crate::document::{NpcDocument, SessionDocument};

/// Makes a change of a session; false if it is no such change.
pub(crate) fn session(document: &mut SessionDocument, change: &Change) -> bool {
    match change {
        Change::SetFlag {
            namespace,
            key,
            value,
        } => {
            let flags = document.flags.entry(namespace.to_string()).or_default();
            flags.insert(key.clone(), value.clone());
        }
        Change::ClearFlag { namespace, key } => {
            if let Some(flags) = document.flags.get_mut(namespace.as_str()) {
                flags.remove(key);
                if flags.is_empty() {
                    document.flags.remove(namespace.as_str());
                }
            }
        }
        Change::UpdateRelationship { npc, change } => {
            let relationship = document.relationships.entry(npc.clone()).or_default();
            *relationship = relationship.changed_by(*change);
        }
        _ => return false,
    }
    true
}

/// Makes a change of an NPC; false if it is no such change.
pub(crate) fn npc(document: &mut NpcDocument, change: &Change) -> bool {
    match change {
        Change::SetAttribute { key, value } => {
            document.attributes.insert(key.clone(), value.clone());
        }
        Change::ClearAttribute { key } => {
            document.attributes.remove(key);
        }
        Change::MoveNpc { location } => document.meta.location.clone_from(location),
        Change::AddTag { tag } => {
            if !document.meta.tags.contains(tag) {
                document.meta.tags.push(tag.clone());
            }
        }
        Change::RemoveTag { tag } => document.meta.tags.retain(|known| known != tag),
        _ => return false,
    }
    true
}
