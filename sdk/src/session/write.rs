use serde::Serialize;

use crate::{Error, json};

crate::bindings::import!("uses-session-write", additional_derives: [PartialEq, Eq, Default]);

use bindings::portcullis::plugin::session_write as host;
pub use host::RelationshipChange;

/// Sets a flag in this plugin's own namespace: a key of 1 to 128 bytes, a value of at most 64 KiB as JSON. `denied` outside the scope `flags`.
/// It lasts once the call has returned; a call that fails changes nothing.
pub fn set_flag<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<(), Error> {
    host::set_flag(key, &json::encode(key, value)?)
}

/// Removes a flag of this plugin's own namespace. Removing one that is not there is fine.
pub fn clear_flag(key: &str) -> Result<(), Error> {
    host::clear_flag(key)
}

/// Adds to the player's relationship with an NPC of this session's world; each number stays between -100 and 100.
pub fn update_relationship(npc: &str, change: RelationshipChange) -> Result<(), Error> {
    host::update_relationship(npc, change)
}
