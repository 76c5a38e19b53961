//! Directs what NPCs choose: proposals and scores that work, and one for each way not to. What each is expected to end in stands in the
//! README of this workspace.

mod proposals;
mod scores;

use portcullis_sdk::prelude::*;

#[derive(Default)]
pub struct Director;

fn fail<T>() -> Result<T, Failure> {
    Err("the plugin fails on purpose".into())
}

fn trap() -> ! {
    std::process::abort()
}

fn never_return() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

portcullis_sdk::plugin!(Director: candidates, scoring);
