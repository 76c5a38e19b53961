//! `effects`: what NPC behaviour does to a subject. An effect that fails changes nothing and is skipped.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::{Dispatched, Scene, SharedRegistry, dispatch};
use crate::capability::Ctx;
use crate::engine::{Extension, Typed};
use crate::permission::{ContributionDescriptor, ExtensionDescriptor};
use crate::receipt::Outcome;
use crate::subject::Context;

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/provides-effects",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        exports: { default: async },
    });
}

/// The extension `effects`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effects;

/// An effect in a manifest.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// Its name within the plugin; hosts use `effect:plugin:<id>:<name>`.
    pub name: String,
    /// What it does, for whoever builds behaviour with it.
    #[serde(default)]
    pub description: String,
    /// What the subject must have for the effect to be applied at all.
    #[serde(default)]
    pub requires: Vec<Context>,
    /// Its parameters where the caller gives none.
    #[serde(default)]
    pub defaults: Map<String, Value>,
}

/// The request to apply an effect.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Apply {
    /// The effect's name within the plugin.
    pub name: Arc<str>,
    /// Its parameters, defaults merged in.
    #[serde(default)]
    pub params: Map<String, Value>,
}

impl Extension for Effects {
    type Contribution = Effect;
    type Bound = bindings::ProvidesEffectsIndices;
    const DESCRIPTOR: ExtensionDescriptor = ExtensionDescriptor {
        id: "effects",
        summary: "Effects of NPC behaviour: changes of the player's session.",
        wit: include_str!("../../wit/effects.wit"),
        export: "portcullis:plugin/effects",
        version: "0.1.0",
        permission: Some("behavior:extend_effects"),
        scope: None,
        operations: &["apply"],
        contribution: Some(ContributionDescriptor::of::<Effect>("effect:plugin:")),
        on_match: false,
        on_failure: "it is skipped and changes nothing; the others run",
    };

    fn bind(pre: &InstancePre<Ctx>) -> wasmtime::Result<Self::Bound> {
        bindings::ProvidesEffectsIndices::new(pre)
    }
}

impl Typed for Effects {
    type Request = Apply;
    type Reply = ();
    type Exports = bindings::ProvidesEffects;

    fn exports(
        bound: &Self::Bound,
        store: &mut Store<Ctx>,
        instance: &Instance,
    ) -> wasmtime::Result<Self::Exports> {
        bound.load(store, instance)
    }

    fn operation(request: &Apply) -> Arc<str> {
        request.name.clone()
    }

    async fn enter(
        exports: &Self::Exports,
        store: &mut Store<Ctx>,
        request: &Apply,
    ) -> wasmtime::Result<Result<(), String>> {
        let subject = store.data().call.subject().into();
        let params = super::json_object(&request.params);
        exports
            .portcullis_plugin_effects()
            .call_apply(store, &request.name, &subject, &params)
            .await
    }
}

/// What became of an effect.
#[derive(Debug)]
pub struct Application {
    /// Whether it took effect.
    pub applied: bool,
    /// The receipt, or why there was no call.
    pub dispatched: Dispatched<()>,
}

/// Applies an effect by its qualified name.
pub(crate) async fn apply(
    registry: &SharedRegistry,
    qualified: &str,
    scene: Scene<'_>,
    params: &Map<String, Value>,
) -> Application {
    let request = |entry: &super::Entry, effect: &Effect| {
        let mut merged = effect.defaults.clone();
        merged.extend(params.clone());
        Apply {
            name: entry.name.clone(),
            params: merged,
        }
    };
    let dispatched = dispatch::<Effects>(
        registry,
        qualified,
        scene,
        |effect| &effect.requires,
        request,
    )
    .await;
    let applied = dispatched
        .as_ref()
        .is_ok_and(|receipt| receipt.outcome == Outcome::Returned);
    Application {
        applied,
        dispatched,
    }
}
