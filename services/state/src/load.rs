//! Reading what is on disk.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::content::Content;
use crate::item::Item;
use crate::memory::Memory;

/// A table of documents: its kind of item, its name, and its columns for owner and id.
struct Table {
    kind: &'static str,
    name: &'static str,
    owner: &'static str,
    id: &'static str,
}

/// Workspaces and worlds come first: what belongs to them needs them.
const TABLES: [Table; 6] = [
    table("workspace", "workspaces", "id", "''"),
    table("world", "worlds", "id", "''"),
    table("npc", "npcs", "world", "id"),
    table("session", "sessions", "world", "id"),
    table("kv", "kv", "plugin", "key"),
    table("generation", "jobs", "plugin", "id"),
];

const fn table(
    kind: &'static str,
    name: &'static str,
    owner: &'static str,
    id: &'static str,
) -> Table {
    Table {
        kind,
        name,
        owner,
        id,
    }
}

/// Reads all documents. What cannot be read is named, by table and id, and left out.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<(Memory, Vec<String>)> {
    let mut memory = Memory {
        revision: counter(connection, "revision")?,
        ..Memory::default()
    };
    let mut damage = Vec::new();
    for table in &TABLES {
        let sql = format!(
            "SELECT {}, {}, version, document FROM {}",
            table.owner, table.id, table.name
        );
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            match read(table, row) {
                Ok((item, content)) => take(&mut memory, &mut damage, item, content),
                Err(what) => damage.push(format!("table {}, {what}", table.name)),
            }
        }
    }
    let ids: Vec<_> = memory.worlds.keys().cloned().collect();
    for world in ids {
        memory.refresh(&world);
    }
    Ok((memory, damage))
}

fn read(table: &Table, row: &Row<'_>) -> Result<(Item, Content), String> {
    let (owner, id) = (text(row, 0)?, text(row, 1)?);
    let name = if id.is_empty() {
        format!("{owner:?}")
    } else {
        format!("{owner:?} {id:?}")
    };
    let item = Item::of_parts(table.kind, owner, id)
        .ok_or_else(|| format!("{name}: the owner is no plugin id"))?;
    let version = row
        .get(2)
        .map_err(|error| format!("{name}: its version: {error}"))?;
    let document = text(row, 3).map_err(|what| format!("{name}: {what}"))?;
    let content =
        Content::parse(&item, version, document).map_err(|error| format!("{name}: {error}"))?;
    Ok((item, content))
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, String> {
    match row.get_ref(column) {
        Ok(ValueRef::Text(bytes)) => std::str::from_utf8(bytes)
            .map_err(|_| format!("not UTF-8: {:?}", String::from_utf8_lossy(bytes))),
        Ok(other) => Err(format!("column {column} holds {}", other.data_type())),
        Err(error) => Err(error.to_string()),
    }
}

fn take(memory: &mut Memory, damage: &mut Vec<String>, item: Item, content: Content) {
    let missing = match (&item, &content) {
        (Item::Npc { world, .. } | Item::Session { world, .. }, _) => {
            (!memory.worlds.contains_key(world)).then(|| format!("world {world:?}"))
        }
        (_, Content::World(world)) => {
            let workspace = world.value.meta.workspace.as_ref();
            workspace
                .filter(|id| !memory.workspaces.contains_key(*id))
                .map(|id| format!("workspace {id:?}"))
        }
        _ => None,
    };
    let (version, revision) = (content.version(), memory.revision);
    if let Some(missing) = missing {
        damage.push(format!("{item}: there is no {missing}"));
    } else if version == 0 || version > revision {
        damage.push(format!(
            "{item}: its version {version} was never given, the last is {revision}"
        ));
    } else if let Err(error) = lists(memory, &content) {
        damage.push(format!("{item}: {error}"));
    } else {
        memory.put(item, content);
    }
}

/// Whether lists of plugins can be read. One that cannot must not let anyone in.
fn lists(
    memory: &Memory,
    content: &Content,
) -> Result<(), portcullis::enabled::EnabledPluginsError> {
    match content {
        Content::World(world) => {
            let workspace = world.value.meta.workspace.as_ref();
            let workspace = workspace.and_then(|id| memory.workspaces.get(id));
            crate::effective::of(&world.value, workspace.map(|document| &document.value)).map(drop)
        }
        Content::Workspace(document) => portcullis::enabled::get(&document.value).map(drop),
        _ => Ok(()),
    }
}

/// A counter that outlives what it counted; 0 before its first step.
pub(crate) fn counter(connection: &Connection, name: &str) -> rusqlite::Result<u64> {
    use rusqlite::OptionalExtension;
    let sql = "SELECT value FROM counters WHERE name = ?1";
    let value = connection
        .query_row(sql, [name], |row| row.get(0))
        .optional()?;
    Ok(value.unwrap_or(0))
}
