//! Guests that take the host's time, handles and memory by asking it for things. They take no refusal for an answer.

use std::hint::black_box;
use std::io::Write;

use portcullis_sdk::prelude::*;

mod clocks {
    // WASI's clocks, to make handles; std has none that stay open. Whole interfaces, because the linker merges them with its own copy.
    wit_bindgen::generate!({
        inline: "
            package portcullis:hostile;
            world clocks { import wasi:clocks/monotonic-clock@0.2.0; }
            package wasi:io@0.2.0 {
                interface poll {
                    resource pollable { ready: func() -> bool; block: func(); }
                    poll: func(in: list<borrow<pollable>>) -> list<u32>;
                }
            }
            package wasi:clocks@0.2.0 {
                interface monotonic-clock {
                    use wasi:io/poll@0.2.0.{pollable};
                    type instant = u64;
                    type duration = u64;
                    now: func() -> instant;
                    resolution: func() -> duration;
                    subscribe-instant: func(when: instant) -> pollable;
                    subscribe-duration: func(when: duration) -> pollable;
                }
            }
        ",
        generate_all,
    });
    pub use wasi::clocks::monotonic_clock::subscribe_duration;
}

/// Makes pollables and keeps every one.
pub fn handles() -> Result<bool, Failure> {
    loop {
        std::mem::forget(clocks::subscribe_duration(u64::MAX));
    }
}

pub fn output(mut stream: impl Write) -> Result<bool, Failure> {
    let line = [b'x'; 4096];
    loop {
        let _ = stream.write_all(black_box(&line));
        let _ = stream.write_all(b"\n");
        let _ = stream.flush();
    }
}

pub fn log() -> Result<bool, Failure> {
    let message = "x".repeat(4096);
    loop {
        log::error(black_box(&message), &[("key", &message)]);
    }
}

pub fn host_calls() -> Result<bool, Failure> {
    loop {
        black_box(permissions::has("session:write"));
    }
}

/// A failure of `bytes` bytes, 64 MiB where nothing is said.
pub fn result(params: &Params) -> Result<bool, Failure> {
    Err(Failure::new(
        "x".repeat(params.find("bytes")?.unwrap_or(64 * 1024 * 1024)),
    ))
}
