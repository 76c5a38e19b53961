//! Ask what this plugin holds. Needs no permission.

use crate::Error;

crate::bindings::import!("uses-permissions");

use bindings::portcullis::plugin::permissions as host;

/// Whether the grant holds the permission now, for example `session:write`. A revoked one is not held.
pub fn has(permission: &str) -> bool {
    host::has(permission)
}

/// Like [`has`], but `denied` where the permission is not held, and the denial stands in the call's receipt.
pub fn require(permission: &str) -> Result<(), Error> {
    host::require(permission)
}
