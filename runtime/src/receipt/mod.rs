//! What a call leaves behind, whatever became of it.

mod outcome;
mod record;

pub use outcome::{Blame, Outcome};
pub use record::{Commit, Denial, Receipt, Record, RoomCalls};
