//! Worlds of NPCs whose behaviour comes from plugins.
//!
//! A world stands in a JSON file ([`file`]): locations, NPCs with routines of activities, and the sessions of players. [`load`] reads
//! such files and says by file and line what is wrong with them. A [`Store`](portcullis_state::Store) keeps the worlds, and is the state
//! of a [`portcullis::Host`]. A [`Simulation`] lets time pass: each tick every NPC picks an activity whose conditions hold, core ones
//! ([`core`]) and those of plugins, and the activity's effects are applied. The same worlds, plugins and seed always come to
//! the same [`digest`], as long as the host meters its plugins by fuel (`Limits::fuel`) and gives them time enough.

pub mod core;
pub mod digest;
mod distinct;
mod draw;
pub mod examples;
pub mod file;
mod import;
pub mod load;
mod place;
pub mod plan;
pub mod tally;
pub mod tick;

pub use file::WorldFile;
pub use import::import;
pub use load::{LoadError, Source};
pub use portcullis_state::{Store, World};
pub use tally::Tally;
pub use tick::{Simulation, TickError};
