//! Sets the coarse clock, and counts the epoch of each engine up, each millisecond. The deadline of a call is compared with the clock in the
//! callback, so a late tick ends a call late and never early.

use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::Engine;

use crate::capability::coarse;

const TICK: Duration = Duration::from_millis(1);

/// The engines that go by epochs.
static ENGINES: Mutex<Vec<Engine>> = Mutex::new(Vec::new());

/// Starts the process's one ticker, unless it runs. It runs as long as the process.
pub(super) fn start() -> io::Result<()> {
    static STARTED: OnceLock<Result<(), io::ErrorKind>> = OnceLock::new();
    let started = STARTED.get_or_init(|| {
        coarse::set(Instant::now());
        let thread = thread::Builder::new().name("portcullis-tick".to_owned());
        thread.spawn(tick).map(drop).map_err(|error| error.kind())
    });
    (*started).map_err(io::Error::from)
}

/// Has the ticker count this engine's epochs.
pub(super) fn count(engine: Engine) {
    let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
    engines.push(engine);
}

fn tick() {
    let mut next = Instant::now() + TICK;
    loop {
        let now = Instant::now();
        match next.checked_duration_since(now) {
            Some(wait) => thread::sleep(wait),
            // Behind the clock, on a loaded machine: do not try to catch up with ticks that nobody needs any more.
            None => next = now,
        }
        next += TICK;
        coarse::set(Instant::now());
        let engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
        engines.iter().for_each(Engine::increment_epoch);
    }
}
