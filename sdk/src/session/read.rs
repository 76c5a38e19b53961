use serde::de::DeserializeOwned;

use crate::{Error, json};

crate::bindings::import!("uses-session-read", additional_derives: [PartialEq, Eq]);

use bindings::portcullis::plugin::session_read as host;
pub use host::{Relationship, Session};

/// The session of this call. `not-found` for a call without a session.
pub fn get() -> Result<Session, Error> {
    host::get_session()
}

/// A flag of this plugin's own namespace, `None` where it is not set. `invalid` for a value of another type.
pub fn flag<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Error> {
    json::found(key, host::get_flag(key))
}

/// A flag of another namespace, which is a plugin's id or `host`; `None` where it is not set. `denied` unless the scope `namespaces` lists it.
pub fn foreign_flag<T: DeserializeOwned>(namespace: &str, key: &str) -> Result<Option<T>, Error> {
    json::found(key, host::get_foreign_flag(namespace, key))
}

/// The player's relationship with an NPC of this session's world; all zero before their first contact.
pub fn relationship(npc: &str) -> Result<Relationship, Error> {
    host::get_relationship(npc)
}
