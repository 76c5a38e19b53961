//! The engine: compiles a package, links it under its grant, and makes calls that end in receipts.

mod body;
mod cache;
mod call;
mod compile;
mod config;
mod effect;
mod extension;
mod fault;
mod flights;
mod hold;
mod host_rooms;
mod instance;
mod line;
mod link;
mod nap;
mod open;
mod plugin;
mod pool;
mod prepare;
mod span;
mod ticker;
mod times;
mod within;

pub use cache::{CacheKey, CompileCache};
pub use config::{EngineError, Metering, SLOTS, config};
pub(crate) use extension::{AnyExtension, Listed};
pub use extension::{Extension, Typed};
pub(crate) use hold::Hold;
pub use host_rooms::Observer;
pub(crate) use host_rooms::{AnyCapability, HostRooms, Warden};
pub(crate) use line::Line;
pub(crate) use nap::{Unwoken, Waker};
pub use plugin::Plugin;
pub use prepare::PrepareError;
pub(crate) use times::Share;
