//! What a call leaves behind, whatever became of it.

mod chain;
mod outcome;
mod record;

pub use chain::{Block, ChainReceipt, ChainStep, ChainVerdict, Note, StepDecision};
pub use outcome::{Blame, Outcome};
pub use record::{Commit, Denial, Receipt, Record, RoomCalls};
