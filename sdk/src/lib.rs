//! Write plugins for a [Portcullis](https://github.com/portcullis-rs/portcullis) host.
//!
//! A plugin is a struct that implements one trait for each thing that it offers, and one call of [`plugin!`]:
//!
//! ```
//! use portcullis_sdk::prelude::*;
//!
//! #[derive(Default)]
//! struct Stealth;
//!
//! impl Conditions for Stealth {
//!     fn evaluate(&self, name: &str, _subject: &Subject, _params: &Params) -> Result<bool, Failure> {
//!         match name {
//!             "has-disguise" => Ok(session::flag::<bool>("disguised")?.unwrap_or(false)),
//!             other => Err(Failure::unknown(other)),
//!         }
//!     }
//! }
//!
//! impl Effects for Stealth {
//!     fn apply(&self, name: &str, _subject: &Subject, params: &Params) -> Result<(), Failure> {
//!         let suspicion = session::flag::<i32>("suspicion")?.unwrap_or(0) + params.get::<i32>("amount")?;
//!         log::info("suspicion", &[("effect", &name), ("now", &suspicion)]);
//!         Ok(session::set_flag("suspicion", &suspicion)?)
//!     }
//! }
//!
//! portcullis_sdk::plugin!(Stealth: conditions, effects);
//! # fn main() {}
//! ```
//!
//! Build it as a `cdylib` with `cargo build --release --target wasm32-wasip2`, write a `plugin.toml` that asks for the permissions
//! and lists what the plugin contributes, and embed it with `portcullis build`. The interfaces come with this crate: a plugin's
//! repository holds no copy of them. Of the host's functions only those that the plugin calls become imports of the component.
//!
//! # What a plugin offers
//!
//! | trait | in `plugin!` | manifest table | permission |
//! |---|---|---|---|
//! | [`Conditions`](conditions::Conditions) | `conditions` | `contributes.conditions` | `behavior:extend_conditions` |
//! | [`Effects`](effects::Effects) | `effects` | `contributes.effects` | `behavior:extend_effects` |
//! | [`Simulation`](simulation::Simulation) | `simulation` | `contributes.simulation` | `behavior:configure_simulation` |
//! | [`Candidates`](candidates::Candidates) | `candidates` | `contributes.candidates` | `behavior:configure_simulation` |
//! | [`Scoring`](scoring::Scoring) | `scoring` | `contributes.scoring` | `behavior:configure_simulation` |
//! | [`Hooks`](hooks::Hooks) | `hooks` | `contributes.hooks` | `hook:handle` |
//! | [`Events`](events::Events) | `events` | `contributes.events` | `event:subscribe` |
//! | [`Commands`](commands::Commands) | `commands` | `contributes.commands` | `command:handle` |
//! | [`Lifecycle`](lifecycle::Lifecycle) | `lifecycle` | none | none |
//!
//! # What a plugin can ask of its host
//!
//! | module | permission |
//! |---|---|
//! | [`log`] | `log:emit` |
//! | [`world`] | `world:read` |
//! | [`session`] | `session:read`, `session:write` |
//! | [`npc`] | `npc:read`, `npc:write` |
//! | [`kv`] | `kv:read`, `kv:write` |
//! | [`generation`] | `generation:submit`, `generation:read` |
//! | [`events`] | `event:emit` |
//! | [`config`] | `config:read` |
//! | [`secrets`] | `secret:read` |
//! | [`behavior`] | one for each extension, see there |
//! | [`permissions`] | none |
//!
//! # When a plugin runs
//!
//! A host compiles a plugin and runs its `load` and `enable` when it loads it. One that is seldom needed says so in its manifest, and costs
//! no memory until then:
//!
//! ```toml
//! [activation]
//! on = "first-use"     # or "first-match": for plugins of hooks and event handlers, which no other call wakes
//! ```
//!
//! The first call waits until the plugin is compiled, loaded and enabled, in its own time. A plugin that cannot be woken fails its calls, so
//! `load` should fail for good reasons only. Where nobody calls it for as long as the host's policy says, it is disabled and stopped, and comes
//! back with the next call: what is to last belongs into [`kv`], and not into a static. Until its first `load` a host knows what the manifest
//! contributes, and then what `load` has registered, also while the plugin sleeps.
//!
//! # Off the host
//!
//! The crate compiles for ordinary targets too, so that a plugin's pure parts can be tested with `cargo test`. There is no host to call
//! there: a capability function panics.

// The rooms. A capability or an extension is one file and one line here.
pub mod behavior;
pub mod candidates;
pub mod commands;
pub mod conditions;
pub mod config;
pub mod effects;
pub mod events;
pub mod generation;
pub mod hooks;
pub mod kv;
pub mod lifecycle;
pub mod log;
pub mod npc;
pub mod permissions;
pub mod scoring;
pub mod secrets;
pub mod session;
pub mod simulation;
pub mod world;

mod bindings;
mod failure;
mod json;
mod params;
mod plugin;
pub mod types;

pub use failure::Failure;
pub use params::Params;
pub use serde_json::{Value, json};
pub use types::{Error, Subject};

/// The binding generator, for the interfaces that a host defines beyond this crate's. Bind them with
/// `runtime_path: "portcullis_sdk::wit_bindgen::rt"` and, where they use Portcullis's shared types,
/// `with: { "portcullis:plugin/types@0.1.0": portcullis_sdk::types }`.
pub use wit_bindgen;

/// Everything that a plugin's source usually names.
pub mod prelude {
    pub use crate::candidates::{Activity, Candidates};
    pub use crate::commands::{Answer, Commands, Invocation};
    pub use crate::conditions::Conditions;
    pub use crate::effects::Effects;
    pub use crate::events::{Event, Events};
    pub use crate::hooks::{
        Decision, Hook, Hooks, ModelPostCall, ModelPreCall, ResponsePostDeliver,
        ResponsePreDeliver, RunPrePrompt, ToolPostExec, ToolPreExec, Verdict, WorkItemPostCreate,
        WorkItemPreCreate,
    };
    pub use crate::lifecycle::Lifecycle;
    pub use crate::scoring::{Candidate, Override, Scoring};
    pub use crate::simulation::Simulation;
    pub use crate::{Error, Failure, Params, Subject, Value, json};
    pub use crate::{
        behavior, config, events, generation, kv, log, npc, permissions, secrets, session, world,
    };
}
