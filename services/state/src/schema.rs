//! The schema of the database, and whether a file has it.

use rusqlite::{Connection, OptionalExtension};
use rusqlite_migration::{M, Migrations};

/// What marks a database as one of ours; the schema's first line sets it.
pub(crate) const APPLICATION_ID: i32 = 0x506f_7274;
/// Each step leads from one schema to the next. Steps are never changed, only added.
const STEPS: &[M<'static>] = &[M::up(include_str!("schema.sql"))];
const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// The newest schema that this program knows.
pub(crate) fn known() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

/// Brings a database to the newest schema.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), rusqlite_migration::Error> {
    MIGRATIONS.to_latest(connection)
}

/// What a file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It is empty.
    Fresh,
    /// It has a schema of ours, this program's or an older one.
    Ours,
    /// A newer program's.
    Newer(u32),
    /// Another program's database, with its application id.
    Foreign(i32),
    /// Its number of the schema is none.
    Broken(i32),
}

pub(crate) fn inspect(connection: &Connection) -> rusqlite::Result<Found> {
    let application_id = number(connection, "application_id")?;
    let version = number(connection, "user_version")?;
    if application_id != APPLICATION_ID {
        let any = connection
            .query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(()))
            .optional()?;
        let fresh = any.is_none() && application_id == 0 && version == 0;
        return Ok(if fresh {
            Found::Fresh
        } else {
            Found::Foreign(application_id)
        });
    }
    Ok(match u32::try_from(version) {
        Ok(0) | Err(_) => Found::Broken(version),
        Ok(found) if found > known() => Found::Newer(found),
        Ok(_) => Found::Ours,
    })
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

/// What SQLite finds wrong with a database's pages.
pub(crate) fn pages(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut what = Vec::new();
    let mut check = connection.prepare("PRAGMA quick_check(20)")?;
    let mut rows = check.query([])?;
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            what.push(line);
        }
    }
    Ok(what)
}

/// The definitions in a database with the newest schema that are not ours.
pub(crate) fn unlike(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut what = Vec::new();
    let mut fresh = Connection::open_in_memory()?;
    if migrate(&mut fresh).is_ok() {
        let (expected, found) = (definitions(&fresh)?, definitions(connection)?);
        let unlike = |name: &str| format!("the definition of {name} in the schema");
        what.extend(
            expected
                .iter()
                .filter(|definition| !found.contains(definition))
                .chain(
                    found
                        .iter()
                        .filter(|definition| !expected.contains(definition)),
                )
                .map(|(name, _)| unlike(name)),
        );
    }
    what.dedup();
    Ok(what)
}

fn definitions(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = "SELECT name, type || ' ' || tbl_name || ' ' || coalesce(sql, '') FROM sqlite_schema
        WHERE name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_schema_is_ours_and_whole() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert_eq!(inspect(&connection).unwrap(), Found::Fresh);
        migrate(&mut connection).unwrap();
        assert_eq!(inspect(&connection).unwrap(), Found::Ours);
        assert_eq!(pages(&connection).unwrap(), Vec::<String>::new());
        assert_eq!(unlike(&connection).unwrap(), Vec::<String>::new());
        connection
            .execute_batch("DROP INDEX events_of_plugin")
            .unwrap();
        assert_eq!(
            unlike(&connection).unwrap(),
            ["the definition of events_of_plugin in the schema"]
        );
    }
}
