//! What holds of Portcullis whatever the bytes. Each function takes bytes that may be anything, has Portcullis do something with them, and compares
//! what it did with a model of its own: it panics where they differ. The same bytes always do the same.
//!
//! The fuzz targets (`fuzz/`) call these functions, and so do tests: with random bytes, with the seeds, and with all that fuzzing has found.

// A body says that something does not hold by a panic: there is nobody to tell an error to.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod code;
mod component;
mod grant;
mod hooks;
mod host;
mod input;
mod manifest;
mod plain;
mod receipts;
#[cfg(feature = "smith")]
mod smith;
mod subjects;

pub use code::code;
pub use component::component;
pub use grant::grant;
pub use hooks::hooks;
pub use manifest::manifest;
pub use receipts::receipts;
#[cfg(feature = "smith")]
pub use smith::smith;
pub use subjects::subjects;

/// A body: it panics if what it says of the bytes does not hold.
pub type Body = fn(&[u8]);

/// The bodies that need no feature, by the names of their targets.
pub const BODIES: &[(&str, Body)] = &[
    ("manifest", manifest),
    ("component", component),
    ("grant", grant),
    ("subjects", subjects),
    ("hooks", hooks),
    ("receipts", receipts),
    ("code", code),
];
