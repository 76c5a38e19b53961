//! How long a call waits for its plugin, and how long the plugin has then.

use std::time::{Duration, Instant};

/// How long a match waits for its plugin: longer than compiling takes. What happened does not happen again, and must not be lost because the
/// plugin was asleep.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a call has that is part of something with an end of its own.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    /// What the plugin has, from when it runs.
    pub(crate) wall: Duration,
    /// What is left of the whole when the call begins: waiting for the plugin counts, too.
    pub(crate) left: Duration,
}

/// The times of one call. Its wall time begins when the plugin is awake and has its slot: until then others keep it waiting. For that it waits
/// as long again as its wall time, or [`PATIENCE`] if it is a match.
pub(super) struct Times {
    wall: Duration,
    /// Until when it waits for the plugin to be awake, and for a slot.
    patience: Instant,
    end: Option<Instant>,
    deadline: Instant,
    is_short: bool,
}

impl Times {
    /// Those of a call that begins now.
    pub(super) fn begin(
        now: Instant,
        wall: Duration,
        is_match: bool,
        left: Option<Duration>,
    ) -> Self {
        let end = left.map(|left| after(now, left));
        let patience = if is_match { PATIENCE } else { wall };
        let mut times = Self {
            wall,
            patience: earlier(after(now, patience), end),
            end,
            deadline: now,
            is_short: false,
        };
        times.run_from(now);
        times
    }

    /// The plugin's time begins.
    pub(super) fn run_from(&mut self, now: Instant) {
        let full = after(now, self.wall);
        self.deadline = earlier(full, self.end);
        self.is_short = self.deadline < full;
    }

    /// The plugin's full time.
    pub(super) fn wall(&self) -> Duration {
        self.wall
    }

    /// When the plugin's time is up.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Until when the call waits before the plugin runs.
    pub(super) fn patience(&self) -> Instant {
        self.patience
    }

    /// Whether the plugin has less than its full time: what the call is part of is over before.
    pub(super) fn is_short(&self) -> bool {
        self.is_short
    }
}

fn earlier(time: Instant, end: Option<Instant>) -> Instant {
    end.map_or(time, |end| end.min(time))
}

/// A time beyond what the clock can count is no limit: a century will do.
fn after(now: Instant, time: Duration) -> Instant {
    now.checked_add(time)
        .unwrap_or(now + Duration::from_secs(3_153_600_000))
}
