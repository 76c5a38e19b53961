//! Whether the host left documents that can be kept, and read again.

use serde_json::{Map, Value};

use super::overlay::Overlay;
use crate::content::Content;
use crate::error::InvalidDocument;
use crate::item::Item;
use crate::{depth, effective};

/// Checks what the host changed, and gives its text.
pub(super) fn changed(
    overlay: &Overlay<'_>,
    item: &Item,
    content: &Content,
) -> Result<String, InvalidDocument> {
    let refuse = |why: String| InvalidDocument {
        item: item.clone(),
        why,
    };
    let is_own = matches!(item, Item::World { .. } | Item::Workspace { .. });
    if item.owner().is_empty() || (item.id().is_empty() && !is_own) {
        return Err(refuse("its id is empty".to_owned()));
    }
    match content {
        Content::World(world) => {
            names(&world.value.meta.more, &["name", "hour", "workspace"]).map_err(refuse)?;
            let workspace = match &world.value.meta.workspace {
                None => None,
                Some(id) => match overlay.get(&Item::workspace(id)) {
                    Some(Content::Workspace(document)) => Some(document),
                    _ => return Err(refuse(format!("there is no workspace {id:?}"))),
                },
            };
            let workspace = workspace.as_ref().map(|document| &document.value);
            effective::of(&world.value, workspace).map_err(|error| refuse(error.to_string()))?;
        }
        Content::Workspace(document) => {
            if !document.value.is_object() {
                return Err(refuse("it must be a JSON object".to_owned()));
            }
            portcullis::enabled::get(&document.value).map_err(|error| refuse(error.to_string()))?;
        }
        Content::Npc(npc) => {
            let own = ["name", "location", "activity", "routine", "tags"];
            names(&npc.value.meta.more, &own).map_err(refuse)?;
        }
        Content::Session(session) => {
            names(&session.value.meta.more, &["player", "location"]).map_err(refuse)?;
        }
        Content::Kv(_) | Content::Generation(_) => {}
    }
    let text = content.text().map_err(|error| refuse(error.to_string()))?;
    if !depth::fits(&text, depth::DOCUMENT_LEVELS) {
        let most = depth::DOCUMENT_LEVELS;
        return Err(refuse(format!(
            "its JSON is nested more than {most} levels deep"
        )));
    }
    Ok(text)
}

/// A name that stands twice in an object could not be read again.
fn names(more: &Map<String, Value>, own: &[&str]) -> Result<(), String> {
    match own.iter().find(|name| more.contains_key(**name)) {
        Some(name) => Err(format!(
            "`meta.more` must not contain {name:?}: it has a field of its own"
        )),
        None => Ok(()),
    }
}

/// A workspace that a world belongs to cannot go.
pub(super) fn removed(overlay: &Overlay<'_>, item: &Item) -> Result<(), InvalidDocument> {
    let Item::Workspace { workspace } = item else {
        return Ok(());
    };
    for id in overlay.worlds() {
        if let Some(Content::World(world)) = overlay.get(&Item::world(&id))
            && world.value.meta.workspace.as_deref() == Some(workspace)
        {
            return Err(InvalidDocument {
                item: item.clone(),
                why: format!("world {id:?} belongs to it"),
            });
        }
    }
    Ok(())
}
