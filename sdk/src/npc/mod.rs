//! The NPCs of the call's world: their names, places, tags and attributes.
//!
//! Reading and writing are two permissions: `npc:read` and `npc:write`.
//!
//! ```no_run
//! use portcullis_sdk::{Error, npc};
//! # fn f() -> Result<(), Error> {
//! let debts = npc::attribute::<u32>("miller", "debts")?.unwrap_or(0);
//! if debts > 100 {
//!     npc::set_attribute("miller", "mood", "gloomy")?;
//!     npc::move_to("miller", "tavern")?;
//! }
//! # Ok(()) }
//! ```

mod read;
mod write;

pub use read::{Npc, attribute, get};
pub use write::{add_tag, clear_attribute, move_to, remove_tag, set_attribute};
