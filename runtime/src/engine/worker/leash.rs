//! Ends a compilation that nobody waits for any more.

use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often it is looked whether a child that has closed its output has ended.
const LOOK: Duration = Duration::from_millis(2);

/// What a compilation and whoever waits for it share. Whoever goes first ends the process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leash(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    child: Option<Child>,
    is_cut: bool,
}

/// Cuts the leash when it is dropped: with the future of the load.
pub(crate) struct CutOnDrop(Leash);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        let mut held = self.0.lock();
        held.is_cut = true;
        // It is reaped where it was started, which notices.
        held.kill();
    }
}

impl Leash {
    /// Has the compilation end when the guard goes.
    pub(crate) fn cut_on_drop(&self) -> CutOnDrop {
        CutOnDrop(self.clone())
    }

    /// Whether nobody waits any more.
    pub(super) fn is_cut(&self) -> bool {
        self.lock().is_cut
    }

    /// Takes a process on the leash. It ends at the latest when what this gives is dropped.
    pub(super) fn hold(&self, child: Child) -> Running<'_> {
        let mut held = self.lock();
        held.child = Some(child);
        if held.is_cut {
            held.kill();
        }
        Running(self)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Kills the process, and those that it may have started. Not reaped yet, so its number is still its own.
    fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            #[cfg(unix)]
            {
                use rustix::process::{Pid, Signal, kill_process_group};
                // It leads a group of its own. One that has ended already is no error.
                let _gone = kill_process_group(Pid::from_child(child), Signal::KILL);
            }
            let _gone = child.kill();
        }
    }
}

/// A process that runs, or has ended and was not reaped.
pub(super) struct Running<'a>(&'a Leash);

impl Running<'_> {
    /// How the process ended, if it ends by itself within this time.
    pub(super) fn ended_within(&self, time: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + time;
        loop {
            let status = {
                let mut held = self.0.lock();
                let status = held.child.as_mut()?.try_wait().ok().flatten();
                if status.is_some() {
                    // Reaped: from here on its number may be another's.
                    held.child = None;
                }
                status
            };
            if status.is_some() || Instant::now() >= until {
                return status;
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let child = {
            let mut held = self.0.lock();
            held.kill();
            held.child.take()
        };
        if let Some(mut child) = child {
            // No zombie stays. It was killed, so this is soon over.
            let _status = child.wait();
        }
    }
}
