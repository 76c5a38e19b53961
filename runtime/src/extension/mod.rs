//! Extensions: what a plugin may export. Each stands in a room of its own; the list below is the only one.
//!
//! Adding one is a WIT file, a room and a line in the list. An embedder adds its own through
//! [`Extension`] and the host's builder, without touching this list.

mod dispatch;
mod registry;

pub mod candidates;
pub mod commands;
pub mod conditions;
pub mod effects;
pub mod events;
pub mod hooks;
pub mod lifecycle;
pub mod run;
pub mod scoring;
pub mod simulation;

use std::marker::PhantomData;
use std::sync::Arc;

pub use dispatch::{Dispatched, Scene, Skip, dispatch};
pub use registry::{Entry, Registry, RegistryError, SharedRegistry, Statistic};

use dispatch::{by_priority, dispatch_checked, is_used};

use crate::capability::types;
use crate::engine::{AnyExtension, Extension, Listed};
use crate::permission::ExtensionDescriptor;
use crate::subject::Subject;

/// Makes the two lists of built-in extensions from one.
macro_rules! extensions {
    ($($room:ty),+ $(,)?) => {
        /// The built-in extensions, in the order of the reference.
        pub const DESCRIPTORS: &[ExtensionDescriptor] = &[$(<$room>::DESCRIPTOR),+];

        /// The built-in extensions, for a host.
        pub(crate) fn built_in() -> Vec<Arc<dyn AnyExtension>> {
            vec![$(Arc::new(Listed::<$room>(PhantomData))),+]
        }
    };
}

extensions![
    lifecycle::Lifecycle,
    conditions::Conditions,
    effects::Effects,
    simulation::Simulation,
    candidates::Candidates,
    scoring::Scoring,
    hooks::Hooks,
    events::Events,
    commands::Commands,
    run::Run,
];

/// The subject as plugins see it: without the caller.
impl From<&Subject> for types::Subject {
    fn from(subject: &Subject) -> Self {
        Self {
            world: subject.world_id().to_string(),
            session: subject.session_id().map(ToString::to_string),
            npc: subject.npc_id().map(ToString::to_string),
        }
    }
}

/// Parameters as the JSON text that plugins get.
fn json_object(
    params: &serde_json::Map<String, serde_json::Value>,
) -> std::borrow::Cow<'static, str> {
    if params.is_empty() {
        return "{}".into();
    }
    // Writing a map of JSON values to a string cannot fail.
    serde_json::to_string(params).unwrap_or_default().into()
}

/// What is wrong with a score that a plugin replied, if anything.
fn check_score(argument: &str, score: f64) -> Result<(), String> {
    if score.is_finite() && score >= 0.0 {
        return Ok(());
    }
    Err(format!(
        "{argument}: must be a number from 0 on, is {score}"
    ))
}
