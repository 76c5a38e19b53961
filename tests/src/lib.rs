//! What the tests of this crate stand on: finished plugins, a small state in memory with knobs, recorders, and a rig that puts them together.
//! Everything here goes through the public API of `portcullis`.

pub mod bus_conformance;
pub mod case;
pub mod chain;
pub mod forge;
pub mod messenger;
pub mod misdeeds;
pub mod plugins;
pub mod record;
pub mod rig;
pub mod state;
pub mod watch;

pub use chain::{chain, work_item};
pub use messenger::Messenger;
pub use plugins::{component, embed, plugin};
pub use record::{Receipts, Sink, Written};
pub use rig::{Rig, limits};
pub use state::{Gate, MemoryState, Trouble};
pub use watch::{Events, Records, StandingClock};
