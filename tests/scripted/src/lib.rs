//! A server that speaks OpenAI's chat completions protocol and answers by a script: what an agent is tested and shown with where there is no
//! model.
//!
//! It runs as a process of its own ([`main`]), reads its [`Script`] from stdin, prints its address in its first line, and then each request that
//! it gets, as one JSON object a line. [`Process`] starts one and reads what it prints.

mod process;
mod script;
mod server;

pub use process::Process;
pub use script::{Call, Script, Step};
pub use server::{Received, main};
