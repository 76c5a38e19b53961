//! Writing documents to disk, inside of the writer's transaction.

use rusqlite::{Connection, params};

use crate::content::{Content, Layer};
use crate::item::Item;

/// Why a batch could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0}")]
    Json(#[from] serde_json::Error),
}

/// Writes each changed document once.
pub(crate) fn documents(connection: &Connection, layer: &Layer) -> Result<(), SaveError> {
    for (item, content) in layer {
        match content {
            Some(content) => put(connection, item, content)?,
            None => remove(connection, item)?,
        }
    }
    Ok(())
}

fn put(connection: &Connection, item: &Item, content: &Content) -> Result<(), SaveError> {
    let (version, document) = (content.version(), content.text()?);
    let mut statement = connection.prepare_cached(match item {
        Item::Workspace { .. } => {
            "REPLACE INTO workspaces (id, version, document) VALUES (?1, ?2, ?3)"
        }
        Item::World { .. } => "REPLACE INTO worlds (id, version, document) VALUES (?1, ?2, ?3)",
        Item::Npc { .. } => {
            "REPLACE INTO npcs (version, document, world, id) VALUES (?2, ?3, ?1, ?4)"
        }
        Item::Session { .. } => {
            "REPLACE INTO sessions (version, document, world, id) VALUES (?2, ?3, ?1, ?4)"
        }
        Item::Kv { .. } => {
            "REPLACE INTO kv (version, document, plugin, key) VALUES (?2, ?3, ?1, ?4)"
        }
        Item::Generation { .. } => {
            "REPLACE INTO jobs (version, document, plugin, id) VALUES (?2, ?3, ?1, ?4)"
        }
    })?;
    match item {
        Item::Workspace { .. } | Item::World { .. } => {
            statement.execute(params![item.owner(), version, document])?
        }
        _ => statement.execute(params![item.owner(), version, document, item.id()])?,
    };
    Ok(())
}

fn remove(connection: &Connection, item: &Item) -> Result<(), SaveError> {
    let mut statement = connection.prepare_cached(match item {
        Item::Workspace { .. } => "DELETE FROM workspaces WHERE id = ?1",
        Item::World { .. } => "DELETE FROM worlds WHERE id = ?1",
        Item::Npc { .. } => "DELETE FROM npcs WHERE world = ?1 AND id = ?2",
        Item::Session { .. } => "DELETE FROM sessions WHERE world = ?1 AND id = ?2",
        Item::Kv { .. } => "DELETE FROM kv WHERE plugin = ?1 AND key = ?2",
        Item::Generation { .. } => "DELETE FROM jobs WHERE plugin = ?1 AND id = ?2",
    })?;
    match item {
        Item::Workspace { .. } | Item::World { .. } => statement.execute([item.owner()])?,
        _ => statement.execute([item.owner(), item.id()])?,
    };
    Ok(())
}

/// Sets a counter.
pub(crate) fn counter(connection: &Connection, name: &str, value: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("REPLACE INTO counters (name, value) VALUES (?1, ?2)")?
        .execute(params![name, value])?;
    Ok(())
}
