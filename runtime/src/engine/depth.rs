//! How deep calls are nested: a port that serves a call may itself call a plugin, whose call asks the port again, and so on.

use std::cell::Cell;

/// As many calls at most are nested in each other. Each holds slots of the engine until the ones within it have ended: an eighth of the slots is
/// enough for one that recurses by mistake.
pub(super) const MOST: u32 = 16;

thread_local! {
    /// The calls that are being polled on this thread, each within the one before: a port is polled by the call that it serves.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// A call that is being polled.
pub(super) struct Level(());

/// Notes that a call is polled until this is dropped.
pub(super) fn enter() -> Level {
    DEPTH.set(DEPTH.get().saturating_add(1));
    Level(())
}

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

/// Whether a call that begins here would be nested too deep.
pub(super) fn is_reached() -> bool {
    DEPTH.get() >= MOST
}
