//! `lifecycle`: what a plugin does when its state changes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::capability::{Ctx, NoScope};
use crate::engine::{Extension, Typed};
use crate::permission::ExtensionDescriptor;

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/provides-lifecycle",
        exports: { default: async },
    });
}

/// The extension `lifecycle`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lifecycle;

/// A change of a plugin's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Once an activation, before anything else; registering works only here.
    Load,
    /// The plugin begins to serve.
    Enable,
    /// The plugin no longer serves.
    Disable,
    /// The plugin is unloaded.
    Stop,
}

impl Extension for Lifecycle {
    type Contribution = NoScope;
    type Bound = bindings::ProvidesLifecycleIndices;
    const DESCRIPTOR: ExtensionDescriptor = ExtensionDescriptor {
        id: "lifecycle",
        summary: "What a plugin does when it is loaded, enabled, disabled and stopped.",
        wit: include_str!("../../wit/lifecycle.wit"),
        export: "portcullis:plugin/lifecycle",
        version: "0.1.0",
        permission: None,
        scope: None,
        operations: &["load", "enable", "disable", "stop"],
        contribution: None,
        on_match: false,
        on_failure: "a failing `load` or `enable` refuses the plugin; a failing `disable` or `stop` is recorded, and the plugin goes all the same",
    };

    fn bind(pre: &InstancePre<Ctx>) -> wasmtime::Result<Self::Bound> {
        bindings::ProvidesLifecycleIndices::new(pre)
    }
}

impl Typed for Lifecycle {
    type Request = Step;
    type Reply = ();
    type Exports = bindings::ProvidesLifecycle;

    fn exports(
        bound: &Self::Bound,
        store: &mut Store<Ctx>,
        instance: &Instance,
    ) -> wasmtime::Result<Self::Exports> {
        bound.load(store, instance)
    }

    fn operation(step: &Step) -> Arc<str> {
        Arc::from(match step {
            Step::Load => "load",
            Step::Enable => "enable",
            Step::Disable => "disable",
            Step::Stop => "stop",
        })
    }

    async fn enter(
        exports: &Self::Exports,
        store: &mut Store<Ctx>,
        step: &Step,
    ) -> wasmtime::Result<Result<(), String>> {
        let lifecycle = exports.portcullis_plugin_lifecycle();
        match step {
            Step::Load => lifecycle.call_load(store).await,
            Step::Enable => lifecycle.call_enable(store).await,
            Step::Disable => lifecycle.call_disable(store).await,
            Step::Stop => lifecycle.call_stop(store).await,
        }
    }
}
