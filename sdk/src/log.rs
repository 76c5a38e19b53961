//! Write log records. Permission: `log:emit`.
//!
//! ```no_run
//! use portcullis_sdk::log;
//! log::info("disguise lost", &[("npc", &"guard-3"), ("suspicion", &61)]);
//! ```
//!
//! A log must not fail what it describes: the functions named after a level drop a record that the host refuses. [`emit`] says why.

use std::fmt::Display;

use crate::Error;

crate::bindings::import!("uses-log");

use bindings::portcullis::plugin::log as host;
pub use host::Level;

/// Writes a record: a message of at most 4,096 bytes (a longer one is cut) and at most 16 fields, their keys of at most 64 bytes, their
/// values of at most 1,024 (a longer one is cut). `denied` if the grant leaves the level out, `over-budget` once the call's log budget is used up.
pub fn emit(level: Level, message: &str, fields: &[(&str, &dyn Display)]) -> Result<(), Error> {
    let fields: Vec<_> = fields
        .iter()
        .map(|(key, value)| host::Field {
            key: (*key).to_owned(),
            value: value.to_string(),
        })
        .collect();
    host::emit(level, message, &fields)
}

/// Writes a record of the level debug, if the host takes it.
pub fn debug(message: &str, fields: &[(&str, &dyn Display)]) {
    let _ = emit(Level::Debug, message, fields);
}

/// Writes a record of the level info, if the host takes it.
pub fn info(message: &str, fields: &[(&str, &dyn Display)]) {
    let _ = emit(Level::Info, message, fields);
}

/// Writes a record of the level warn, if the host takes it.
pub fn warn(message: &str, fields: &[(&str, &dyn Display)]) {
    let _ = emit(Level::Warn, message, fields);
}

/// Writes a record of the level error, if the host takes it.
pub fn error(message: &str, fields: &[(&str, &dyn Display)]) {
    let _ = emit(Level::Error, message, fields);
}
