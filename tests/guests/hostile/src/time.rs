//! Guests that do not return.

use std::hint::black_box;
use std::thread::sleep;
use std::time::{Duration, Instant};

use portcullis_sdk::Failure;

pub fn loop_forever() -> ! {
    let mut turns = 0u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Waits in the host, where no instruction of the guest runs.
pub fn sleep_hour() -> Result<bool, Failure> {
    sleep(Duration::from_secs(3600));
    Ok(true)
}

/// Enters and leaves the host without a pause: each wait is over at once.
pub fn busy_poll() -> Result<bool, Failure> {
    loop {
        black_box(Instant::now());
        sleep(Duration::from_nanos(1));
    }
}
