//! State that lasts for a [`portcullis::Host`]: worlds with their NPCs and sessions, workspaces, each plugin's key-value store, text
//! generation jobs, the history of every change, events, and what the crash-loop guard remembers. In one SQLite file.
//!
//! A [`Store`] is the host's state ([`HostBuilder::state`](portcullis::host::HostBuilder::state)), its event sink, its guard's store,
//! and tells it which plugins a world uses ([`HostBuilder::enabled`](portcullis::host::HostBuilder::enabled)).
//! Everything is in memory and is read from there; every change goes through one thread, which writes what waits in one transaction and
//! then shows it. A call's changes are made as a whole or not at all, with one row of the [`history`](Store::history) for each, and
//! they survive a killed process ([`Durability`]).
//!
//! What calls can store has bounds, and a commit that would go beyond one is over quota, as a whole; the host's own changes are not held back:
//!
//! | of | at most |
//! |---|---|
//! | a plugin's keys | [`Limits::kv_bytes`](portcullis::Limits) and `kv_keys`. Expired keys go, as a change of the host, before they are counted |
//! | a plugin's generation jobs | 1,000 that wait or run; 10,000 in all, and beyond them those go that have been finished longest |
//! | a session or an NPC | 4 MiB of JSON. One that the host made larger can shrink |
//! | an NPC | 64 tags, at each step of a call's changes |
//!
//! An [`Archive`] looks into the file without holding a host back, and replays the history to [`check`](Archive::check) it.

mod archive;
mod change;
mod check;
mod content;
mod depth;
mod document;
mod effective;
mod error;
mod event;
mod guard;
mod history;
mod item;
mod job;
mod job_table;
mod jobs;
mod keys;
mod kv;
mod load;
mod memory;
mod observe;
mod open;
mod options;
mod ports;
mod save;
mod schema;
mod shared;
mod store;
#[cfg(test)]
mod tests;
mod writer;

pub use archive::Archive;
pub use check::{CheckReport, Difference};
pub use document::{
    NpcDocument, NpcMeta, SessionDocument, SessionMeta, World, WorldDocument, WorldMeta,
};
pub use error::{FlushError, InvalidDocument, OpenError, ReadError, TransactError};
pub use event::{EventPage, EventQuery};
pub use history::{Actor, HistoryEntry, HistoryOf, HistoryQuery};
pub use item::Item;
pub use job::{Job, JobCounts};
pub use options::{Durability, Options};
pub use store::Store;
pub use writer::Transaction;
