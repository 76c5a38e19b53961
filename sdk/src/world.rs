//! Read the world that the call is about. Permission: `world:read`.

use serde::de::DeserializeOwned;

use crate::{Error, json};

crate::bindings::import!("uses-world-read", additional_derives: [PartialEq, Eq]);

use bindings::portcullis::plugin::world_read as host;
pub use host::{Location, World};

/// The world of this call. `not-found` for a call that is about no world.
pub fn get() -> Result<World, Error> {
    host::get_world()
}

/// One value of the world's configuration, `None` where it is not set. `denied` outside the scope `config`, `invalid` for a value of another type.
pub fn config<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Error> {
    json::found(key, host::get_config(key))
}

/// All locations of the world, in the order of their ids.
pub fn locations() -> Result<Vec<Location>, Error> {
    host::list_locations()
}

/// The ids of all NPCs of the world, in order.
pub fn npcs() -> Result<Vec<String>, Error> {
    host::list_npcs()
}
