//! How a store is opened.

use portcullis::clock::SharedClock;

/// How a store is opened. The default is for a game's server: changes survive a killed process, events last 30 days, history 90.
#[derive(Clone, Debug)]
pub struct Options {
    /// What tells the time: when keys expire, when a change happened, what is old.
    pub clock: SharedClock,
    /// What a change must survive before it counts as made.
    pub durability: Durability,
    /// For how many days events and finished generation jobs are kept.
    pub events_days: u32,
    /// For how many days the history of changes is kept.
    pub history_days: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: SharedClock::default(),
            durability: Durability::default(),
            events_days: 30,
            history_days: 90,
        }
    }
}

/// What a change must survive before it counts as made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, also by `kill -9`. A loss of power may undo the last changes; it never leaves half of one.
    #[default]
    Process,
    /// A loss of power too. Each commit waits for the disk.
    Power,
}

impl Durability {
    /// The value of `PRAGMA synchronous`.
    pub(crate) fn synchronous(self) -> &'static str {
        match self {
            Self::Process => "NORMAL",
            Self::Power => "FULL",
        }
    }
}
