use serde::de::DeserializeOwned;

use crate::{Error, json};

crate::bindings::import!("uses-npc-read", additional_derives: [PartialEq, Eq]);

use bindings::portcullis::plugin::npc_read as host;
pub use host::Npc;

/// An NPC of the call's world. `not-found` for one that is not there or belongs to another world.
pub fn get(id: &str) -> Result<Npc, Error> {
    host::get_npc(id)
}

/// One attribute of an NPC, `None` where it is not set. `denied` outside the scope `attributes`, `invalid` for a value of another type.
pub fn attribute<T: DeserializeOwned>(id: &str, key: &str) -> Result<Option<T>, Error> {
    json::found(key, host::get_attribute(id, key))
}

impl Npc {
    /// Whether the NPC carries the tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }
}
