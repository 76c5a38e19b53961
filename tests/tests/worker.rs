//! Plugins are compiled in a process of their own. Whatever becomes of it, the host answers soon, stays whole, and keeps nothing of it. A process
//! of its own, so that the children that are counted are those of these tests.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "worker/bombs.rs"]
mod bombs;
#[path = "worker/common.rs"]
mod common;
#[path = "worker/replies.rs"]
mod replies;
#[path = "worker/use_of.rs"]
mod use_of;
