//! What the host knows of the time of the call that a thread polls: when it must end, and whom it waited for. A call is polled from end to
//! end on one thread, so this stands beside the thread and costs no way through the store. All in milliseconds of the coarse clock.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use crate::capability::coarse;

/// No time: nothing is waited for, or there is no deadline.
const NEVER: u64 = u64::MAX;

/// A poll is young for so long: until then a call lets nobody else run.
const YOUNG_MS: u64 = 1;

thread_local! {
    static CURRENT: Cell<Watch> = const { Cell::new(Watch::NOBODYS) };
}

/// Of one attempt of a call: its deadline, and whom it waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    deadline: u64,
    began: u64,
    /// When it was polled last.
    polled: u64,
    /// Since when the port that it waits for was asked.
    port_since: u64,
    /// The longest time that one port took.
    port: u64,
    /// Since when it waits to be let on, and how much of that wait others bring about, in thousandths.
    queued_since: u64,
    of_others: u64,
    /// How long others kept it from going on.
    kept: u64,
    /// How long after its deadline it was polled again, when it could have gone on before.
    late: u64,
}

/// Who has taken an attempt's time, if it was not the plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taker {
    /// One port, by one answer: more than half of the time.
    Port,
    /// Other plugins that compute, or whatever else keeps the threads of the host: more than nine tenths, so that the plugin has hardly run.
    Neighbours,
}

impl Watch {
    const NOBODYS: Self = Self {
        deadline: NEVER,
        began: 0,
        polled: 0,
        port_since: NEVER,
        port: 0,
        queued_since: NEVER,
        of_others: 0,
        kept: 0,
        late: 0,
    };

    /// Of an attempt that begins now.
    pub(crate) fn until(deadline: Instant) -> Self {
        let now = coarse::now_ms();
        Self {
            deadline: coarse::at(deadline),
            began: now,
            polled: now,
            ..Self::NOBODYS
        }
    }

    /// The call is polled from here on. Gives what was there before: a port may poll another call within its own answer.
    pub(crate) fn begin_poll(mut self) -> Self {
        let now = coarse::now_ms();
        // What it waits for its turn is counted there.
        self.late = match self.queued_since {
            NEVER => now.saturating_sub(self.deadline),
            _ => 0,
        };
        self.polled = now;
        CURRENT.replace(self)
    }

    /// The poll is over; gives what has become of the call's watch. `outer` is what `begin_poll` gave. A call that `waits` on would have
    /// waited, too, had it been polled in time.
    pub(crate) fn end_poll(outer: Self, waits: bool) -> Self {
        let mut watch = CURRENT.replace(outer);
        if waits {
            watch.late = 0;
        }
        watch
    }

    /// How long the attempt has taken until now.
    pub(crate) fn took_ms(&self) -> u64 {
        coarse::now_ms().saturating_sub(self.began)
    }

    /// Whether the call computes, and only waits for its turn to go on.
    pub(crate) fn waits_for_its_turn(&self) -> bool {
        self.queued_since != NEVER
    }

    /// Who has taken the attempt's time until now, if it was not the plugin.
    pub(crate) fn taker(&self) -> Option<Taker> {
        self.taker_at(coarse::now_ms())
    }

    fn taker_at(&self, now: u64) -> Option<Taker> {
        let took = now.saturating_sub(self.began);
        let port = self.port.max(now.saturating_sub(self.port_since));
        let kept = self.kept + self.queued_ms(now) + self.late;
        if port.saturating_mul(2) > took {
            Some(Taker::Port)
        } else if kept.saturating_mul(10) > took.saturating_mul(9) {
            Some(Taker::Neighbours)
        } else {
            None
        }
    }

    fn queued_ms(&self, now: u64) -> u64 {
        let waited = now.saturating_sub(self.queued_since);
        waited.saturating_mul(self.of_others) / 1_000
    }
}

/// Whether the call that this thread polls is beyond its deadline.
pub(crate) fn is_late() -> bool {
    coarse::now_ms() >= CURRENT.get().deadline
}

/// Whether the call that this thread polls has only just begun, or begun again after a wait.
pub(crate) fn is_young() -> bool {
    // The clock is up to a millisecond behind on both sides.
    coarse::now_ms() <= CURRENT.get().polled.saturating_add(YOUNG_MS)
}

/// The call that this thread polls waits to be let on from here on. So many thousandths of the wait are brought about by others.
pub(crate) fn queue(of_others: u64) {
    let mut watch = CURRENT.get();
    watch.queued_since = coarse::now_ms();
    watch.of_others = of_others;
    CURRENT.set(watch);
}

/// The call that this thread polls is let on.
pub(crate) fn go_on() {
    let mut watch = CURRENT.get();
    watch.kept += watch.queued_ms(coarse::now_ms());
    watch.queued_since = NEVER;
    CURRENT.set(watch);
}

/// Notes what came of polling a port's answer. A call waits for one port at a time: what is pending again is the same answer.
pub(super) fn noted<T>(polled: Poll<T>) -> Poll<T> {
    let mut watch = CURRENT.get();
    let now = coarse::now_ms();
    if polled.is_pending() {
        watch.port_since = watch.port_since.min(now);
    } else {
        watch.port = watch.port.max(now.saturating_sub(watch.port_since));
        watch.port_since = NEVER;
    }
    CURRENT.set(watch);
    polled
}

/// Waits for something of the host's that is no port, and notes it as for one.
pub(super) async fn noting<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    poll_fn(|context| noted(future.as_mut().poll(context))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000;

    /// A watch of an attempt that began a tenth of a second ago.
    const STARTED: Watch = Watch {
        began: NOW - 100,
        ..Watch::NOBODYS
    };

    /// Proves O6: one answer of a port excuses a call if it took more than half of its time; many short ones do not.
    #[test]
    fn one_port_has_taken_most_of_the_time() {
        let hung = Watch {
            port_since: NOW - 60,
            ..STARTED
        };
        assert_eq!(hung.taker_at(NOW), Some(Taker::Port));
        let answered = Watch {
            port: 60,
            ..STARTED
        };
        assert_eq!(answered.taker_at(NOW), Some(Taker::Port));
        let asked_now_and_then = Watch {
            port: 40,
            port_since: NOW - 30,
            ..STARTED
        };
        assert_eq!(asked_now_and_then.taker_at(NOW), None);
    }

    /// Proves O6: others excuse a call that has hardly run, and only by their part of the wait.
    #[test]
    fn neighbours_have_taken_nearly_all_of_the_time() {
        let waits = |ms, of_others| Watch {
            queued_since: NOW - ms,
            of_others,
            ..STARTED
        };
        assert_eq!(waits(95, 1_000).taker_at(NOW), Some(Taker::Neighbours));
        assert_eq!(waits(95, 900).taker_at(NOW), None);
        assert_eq!(waits(80, 1_000).taker_at(NOW), None);
        let late = Watch {
            late: 95,
            ..STARTED
        };
        assert_eq!(late.taker_at(NOW), Some(Taker::Neighbours));
    }

    /// A call that would have waited on says nothing about the one who polled it late, and a poll within a poll leaves the outer one's watch.
    #[test]
    fn a_poll_leaves_things_as_they_were() {
        let overdue = Watch {
            deadline: 0,
            late: 60,
            ..Watch::NOBODYS
        };
        let outer = overdue.begin_poll();
        assert!(is_late());
        let inner = Watch::NOBODYS.begin_poll();
        assert!(!is_late());
        Watch::end_poll(inner, true);
        assert!(is_late());
        assert_eq!(Watch::end_poll(outer, true).late, 0);
        assert!(!is_late(), "nobody's");
    }
}
