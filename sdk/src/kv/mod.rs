//! The plugin's own key-value store, which all its calls share, in every world, and which lasts.
//!
//! Reading and writing are two permissions: `kv:read` and `kv:write`. Changes last once the call has returned, together with all others of
//! the call; a call that fails changes nothing. Reads later in the same call see them.
//!
//! ```no_run
//! use portcullis_sdk::{Error, kv};
//! use std::time::Duration;
//! # fn f() -> Result<(), Error> {
//! let visits = kv::increment("visits/inn", 1)?;
//! kv::set_for("rumour", "the mill burnt down", Duration::from_secs(600))?;
//! for key in kv::keys("visits/") {
//!     let key = key?;
//!     let count = kv::get::<i64>(&key)?;
//! }
//! # Ok(()) }
//! ```

mod keys;
mod read;
mod world_key;
mod write;

crate::bindings::import!("uses-kv", additional_derives: [PartialEq, Eq]);

pub use keys::{Keys, keys};
pub use read::{Entry, Page, entry, get, page};
pub use world_key::world_key;
pub use write::{compare_and_set, compare_and_set_for, delete, increment, set, set_for};
