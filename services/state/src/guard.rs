//! The crash-loop guard's records on disk.

use std::collections::BTreeMap;

use portcullis::PluginId;
use portcullis::guard::GuardRecord;
use rusqlite::{Connection, params};

use crate::error::ReadError;
use crate::save::SaveError;

pub(crate) type Records = BTreeMap<PluginId, GuardRecord>;

pub(crate) fn write(
    connection: &Connection,
    plugin: &PluginId,
    record: &GuardRecord,
) -> Result<(), SaveError> {
    let document = serde_json::to_string(record)?;
    connection
        .prepare_cached("REPLACE INTO guard (plugin, document) VALUES (?1, ?2)")?
        .execute(params![plugin.as_str(), document])?;
    Ok(())
}

pub(crate) fn read(connection: &Connection) -> Result<Records, ReadError> {
    let mut statement = connection.prepare_cached("SELECT plugin, document FROM guard")?;
    let mut rows = statement.query([])?;
    let mut records = Records::new();
    while let Some(row) = rows.next()? {
        let (plugin, document): (String, String) = (row.get(0)?, row.get(1)?);
        let damaged = |why: String| ReadError::Damaged(format!("table guard, {plugin:?}: {why}"));
        let id = plugin
            .parse()
            .map_err(|_| damaged("no plugin id".to_owned()))?;
        let record = serde_json::from_str(&document).map_err(|error| damaged(error.to_string()))?;
        records.insert(id, record);
    }
    Ok(records)
}
