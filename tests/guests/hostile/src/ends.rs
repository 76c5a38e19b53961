//! Guests that end in the middle of a call.

use portcullis_sdk::Failure;

pub fn panic() -> Result<bool, Failure> {
    panic!("the plugin panics on purpose")
}

pub fn abort() -> Result<bool, Failure> {
    std::process::abort()
}

/// A call cannot end a plugin in good order, whatever the status says.
pub fn exit(status: i32) -> Result<bool, Failure> {
    std::process::exit(status)
}

pub fn unreachable() -> ! {
    core::arch::wasm32::unreachable()
}
