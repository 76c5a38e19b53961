//! What happened to plugins, page by page.

use portcullis::PluginId;
use portcullis::event::{Event, EventKind};
use rusqlite::{Connection, params};
use serde::Serialize;

use crate::error::ReadError;
use crate::save::SaveError;

/// How many events may wait to be written. More are dropped and counted: nobody waits for the log.
pub(crate) const WAITING: usize = 10_000;

/// Asks for events, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only of this plugin.
    pub plugin: Option<PluginId>,
    /// Only of these kinds; of every kind where there are none.
    pub kinds: Vec<EventKind>,
    /// Only what comes after this cursor.
    pub after: Option<u64>,
    /// At most this many.
    pub limit: u32,
}

/// Some events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventPage {
    /// The events with their cursors, the oldest first.
    pub events: Vec<(u64, Event)>,
    /// The cursor to go on with; `None` if there are no more now.
    pub next: Option<u64>,
}

pub(crate) fn write(connection: &Connection, event: &Event) -> Result<(), SaveError> {
    let document = serde_json::to_string(event)?;
    // SQLite's integers end there. Only a clock that is wrong comes so far.
    let at_ms = i64::try_from(event.at_ms).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "INSERT INTO events (at_ms, plugin, kind, document) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            at_ms,
            event.plugin.plugin.as_str(),
            event.kind.as_str(),
            document
        ])?;
    Ok(())
}

pub(crate) fn read(connection: &Connection, query: &EventQuery) -> Result<EventPage, ReadError> {
    let kinds: Vec<_> = query.kinds.iter().map(|kind| kind.as_str()).collect();
    // Of one kind there is an index that gives them in their order.
    let (of_kinds, kinds) = match kinds.as_slice() {
        [] => ("?3 IS NULL", None),
        [kind] => ("kind = ?3", Some((*kind).to_owned())),
        _ => (
            "+kind IN (SELECT value FROM json_each(?3))",
            Some(serde_json::Value::from(kinds).to_string()),
        ),
    };
    let after = i64::try_from(query.after.unwrap_or(0)).unwrap_or(i64::MAX);
    let of_plugin = if query.plugin.is_some() {
        "plugin = ?2"
    } else {
        "?2 IS NULL"
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, document FROM events WHERE id > ?1 AND {of_plugin} AND {of_kinds}
            ORDER BY id LIMIT ?4"
    ))?;
    let plugin = query.plugin.as_ref().map(PluginId::as_str);
    // One more than asked for: it tells whether there are more.
    let mut rows = statement.query(params![after, plugin, kinds, i64::from(query.limit) + 1])?;
    let mut page = EventPage::default();
    while let Some(row) = rows.next()? {
        if page.events.len() >= query.limit as usize {
            page.next = page
                .events
                .last()
                .map(|(cursor, _)| *cursor)
                .or(query.after);
            break;
        }
        let (cursor, document): (u64, String) = (row.get(0)?, row.get(1)?);
        let event = serde_json::from_str(&document)
            .map_err(|error| ReadError::Damaged(format!("table events, row {cursor}: {error}")))?;
        page.events.push((cursor, event));
    }
    Ok(page)
}
