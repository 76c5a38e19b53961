//! Counts an engine's epoch up each millisecond. The deadline of a call is compared with the clock in the callback, so a late tick ends a
//! call late and never early.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::Engine;

const TICK: Duration = Duration::from_millis(1);

/// Starts the engine's ticker. It runs as long as the process.
pub(super) fn start(engine: Engine) -> io::Result<()> {
    thread::Builder::new()
        .name("portcullis-tick".to_owned())
        .spawn(move || tick(&engine))?;
    Ok(())
}

fn tick(engine: &Engine) {
    let mut next = Instant::now() + TICK;
    loop {
        let now = Instant::now();
        match next.checked_duration_since(now) {
            Some(wait) => thread::sleep(wait),
            // Behind the clock, on a loaded machine: do not try to catch up with ticks that nobody needs any more.
            None => next = now,
        }
        next += TICK;
        engine.increment_epoch();
    }
}
