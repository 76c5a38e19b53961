//! The history: who changed what, when, and how. One row for each change.

use portcullis::identity::{CallId, Identity};
use portcullis::write_set::Version;
use portcullis::{PluginId, Subject};
use rusqlite::{Connection, Row, params_from_iter, types::Value as Sql};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::ReadError;
use crate::item::Item;

/// Who changed something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Actor {
    /// A plugin, in a call.
    Plugin {
        /// The plugin.
        #[serde(flatten)]
        identity: Identity,
        /// The call.
        call: CallId,
        /// Whom the call was about.
        subject: Subject,
    },
    /// The host.
    Host {
        /// What of it, such as `tick` or `import`.
        what: String,
    },
}

/// A row of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Where it stands in the history: pass it as [`HistoryQuery::after`] to go on from here.
    pub cursor: u64,
    /// The commit that it belongs to; the item's version since then.
    pub revision: Version,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Who.
    pub actor: Actor,
    /// What was changed.
    pub item: Item,
    /// How: a call's [`Change`](portcullis::write_set::Change) in JSON; of the host `{"op":"put","document":...}`, with the document
    /// as it was left, or `{"op":"remove"}`.
    pub change: Value,
}

/// Asks for a part of the history, the oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryQuery {
    /// Of what.
    pub of: HistoryOf,
    /// Only what comes after this cursor.
    pub after: Option<u64>,
    /// At most this many.
    pub limit: u32,
}

/// Whose history is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryOf {
    /// Everything.
    All,
    /// A world's, with its NPCs and sessions.
    World(String),
    /// One document's.
    Item(Item),
    /// What a plugin changed.
    Plugin(PluginId),
    /// What a call changed.
    Call(CallId),
}

/// A row that is to be written.
pub(crate) struct NewRow {
    pub(crate) item: Item,
    /// In JSON.
    pub(crate) change: String,
}

const COLUMNS: &str = "id, revision, at_ms, kind, owner, item, host, plugin, plugin_version, digest, call, subject, change";

/// Writes the rows of one commit.
pub(crate) fn write(
    connection: &Connection,
    (revision, at_ms): (Version, u64),
    actor: &Actor,
    rows: &[NewRow],
) -> Result<(), crate::save::SaveError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO history (revision, at_ms, kind, owner, item, host, plugin, plugin_version, digest, call, subject, change)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    let who: [Option<String>; 6] = match actor {
        Actor::Host { what } => [Some(what.clone()), None, None, None, None, None],
        Actor::Plugin {
            identity,
            call,
            subject,
        } => [
            None,
            Some(identity.plugin.to_string()),
            Some(identity.version.to_string()),
            Some(identity.digest.to_string()),
            Some(call.to_string()),
            Some(serde_json::to_string(subject)?),
        ],
    };
    let [host, plugin, version, digest, call, subject] = &who;
    for row in rows {
        statement.execute(rusqlite::params![
            revision,
            at_ms,
            row.item.kind(),
            row.item.owner(),
            row.item.id(),
            host,
            plugin,
            version,
            digest,
            call,
            subject,
            row.change,
        ])?;
    }
    Ok(())
}

/// Reads a part of the history.
pub(crate) fn read(
    connection: &Connection,
    query: &HistoryQuery,
) -> Result<Vec<HistoryEntry>, ReadError> {
    let text = |text: &str| Sql::Text(text.to_owned());
    let (condition, mut values): (&str, Vec<Sql>) = match &query.of {
        HistoryOf::All => ("TRUE", Vec::new()),
        HistoryOf::World(world) => (
            "owner = ?3 AND kind IN ('world', 'npc', 'session')",
            vec![text(world)],
        ),
        HistoryOf::Item(item) => (
            "kind = ?3 AND owner = ?4 AND item = ?5",
            vec![text(item.kind()), text(item.owner()), text(item.id())],
        ),
        HistoryOf::Plugin(plugin) => ("plugin = ?3", vec![text(plugin.as_str())]),
        HistoryOf::Call(call) => ("call = ?3", vec![text(&call.to_string())]),
    };
    let after = i64::try_from(query.after.unwrap_or(0)).unwrap_or(i64::MAX);
    values.splice(
        0..0,
        [Sql::Integer(after), Sql::Integer(query.limit.into())],
    );
    let sql =
        format!("SELECT {COLUMNS} FROM history WHERE id > ?1 AND {condition} ORDER BY id LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry(row)?);
    }
    Ok(entries)
}

/// Reads all of the history, row by row.
pub(crate) fn each(
    connection: &Connection,
    mut look: impl FnMut(HistoryEntry),
) -> Result<(), ReadError> {
    let sql = format!("SELECT {COLUMNS} FROM history ORDER BY id");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        look(entry(row)?);
    }
    Ok(())
}

fn entry(row: &Row<'_>) -> Result<HistoryEntry, ReadError> {
    let cursor = row.get(0)?;
    let damaged =
        |column: &str| ReadError::Damaged(format!("table history, row {cursor}: {column}"));
    let text = |column: usize| row.get::<_, String>(column);
    let item = Item::of_parts(&text(3)?, &text(4)?, &text(5)?).ok_or_else(|| damaged("kind"))?;
    let actor = match row.get(6)? {
        Some(what) => Actor::Host { what },
        None => Actor::Plugin {
            identity: Identity {
                plugin: text(7)?.parse().map_err(|_| damaged("plugin"))?,
                version: text(8)?.parse().map_err(|_| damaged("plugin_version"))?,
                digest: text(9)?.parse().map_err(|_| damaged("digest"))?,
            },
            call: text(10)?.parse().map_err(|_| damaged("call"))?,
            subject: serde_json::from_str(&text(11)?).map_err(|_| damaged("subject"))?,
        },
    };
    Ok(HistoryEntry {
        cursor,
        revision: row.get(1)?,
        at_ms: row.get(2)?,
        actor,
        item,
        change: serde_json::from_str(&text(12)?).map_err(|_| damaged("change"))?,
    })
}
