use serde::Serialize;

use crate::{Error, json};

crate::bindings::import!("uses-npc-write");

use bindings::portcullis::plugin::npc_write as host;

/// Sets an attribute of an NPC: a key of 1 to 128 bytes, a value of at most 64 KiB as JSON. `not-found` for an NPC that is not there or
/// belongs to another world, `denied` outside the scopes `npcs` and `attributes`. It lasts once the call has returned; a call that fails
/// changes nothing.
pub fn set_attribute<T: Serialize + ?Sized>(id: &str, key: &str, value: &T) -> Result<(), Error> {
    host::set_attribute(id, key, &json::encode(key, value)?)
}

/// Removes an attribute of an NPC. Removing one that is not there is fine.
pub fn clear_attribute(id: &str, key: &str) -> Result<(), Error> {
    host::clear_attribute(id, key)
}

/// Lets an NPC be at another location of the world. `invalid` for a location that the world does not have.
pub fn move_to(id: &str, location: &str) -> Result<(), Error> {
    host::move_to(id, location)
}

/// Adds a tag of 1 to 128 bytes to an NPC; one that it has is not added again.
pub fn add_tag(id: &str, tag: &str) -> Result<(), Error> {
    host::add_tag(id, tag)
}

/// Removes a tag of an NPC. Removing one that is not there is fine.
pub fn remove_tag(id: &str, tag: &str) -> Result<(), Error> {
    host::remove_tag(id, tag)
}
