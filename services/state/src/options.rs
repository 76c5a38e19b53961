//! How a store is opened.

use portcullis::clock::SharedClock;

/// How a store is opened. The default is for a game's server: changes survive a killed process, events last 30 days, history 90.
#[derive(Clone, Debug)]
pub struct Options {
    /// What tells the time: when keys expire, when a change happened, what is old.
    pub clock: SharedClock,
    /// What a change must survive before it counts as made.
    pub durability: Durability,
    /// For how many days events and finished generation jobs are kept; [`u32::MAX`] for ever. Of a plugin's jobs at most 10,000 are kept.
    pub events_days: u32,
    /// For how many days the history of changes is kept; [`u32::MAX`] for ever.
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

impl Options {
    /// For tools that open the state of a host that is not running, such as an import: nothing goes because of its age, whatever that host
    /// keeps for how long, and each change survives a loss of power. Keys that have expired go all the same, as nobody can read them, and
    /// jobs that were running wait again.
    pub fn keep_everything() -> Self {
        Self {
            clock: SharedClock::default(),
            durability: Durability::Power,
            events_days: u32::MAX,
            history_days: u32::MAX,
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
