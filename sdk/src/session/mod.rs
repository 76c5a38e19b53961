//! The session that the call belongs to: its player, the flags of plugins, the player's relationships with NPCs.
//!
//! Reading and writing are two permissions: `session:read` and `session:write`.
//!
//! ```no_run
//! use portcullis_sdk::{Error, session};
//! # fn f() -> Result<(), Error> {
//! let suspicion = session::flag::<u32>("suspicion")?.unwrap_or(0);
//! session::set_flag("suspicion", &(suspicion + 10))?;
//! # Ok(()) }
//! ```

mod read;
mod write;

pub use read::{Relationship, Session, flag, foreign_flag, get, relationship};
pub use write::{RelationshipChange, clear_flag, set_flag, update_relationship};
