//! `conditions`: whether something holds for an NPC. A condition that fails counts as false.

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
use crate::subject::Context;

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/provides-conditions",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        exports: { default: async },
    });
}

/// The extension `conditions`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions;

/// A condition in a manifest.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Its name within the plugin; hosts use `plugin:<id>:<name>`.
    pub name: String,
    /// What it means, for whoever builds behaviour with it.
    #[serde(default)]
    pub description: String,
    /// What the subject must have for the condition to be asked at all.
    #[serde(default)]
    pub requires: Vec<Context>,
}

/// A question to a condition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evaluate {
    /// The condition's name within the plugin.
    pub name: Arc<str>,
    /// Its parameters.
    #[serde(default)]
    pub params: Map<String, Value>,
}

impl Extension for Conditions {
    type Contribution = Condition;
    type Bound = bindings::ProvidesConditionsIndices;
    const DESCRIPTOR: ExtensionDescriptor = ExtensionDescriptor {
        id: "conditions",
        summary: "Conditions for NPC behaviour: whether something holds for a subject.",
        wit: include_str!("../../wit/conditions.wit"),
        export: "portcullis:plugin/conditions",
        version: "0.1.0",
        permission: Some("behavior:extend_conditions"),
        scope: None,
        operations: &["evaluate"],
        contribution: Some(ContributionDescriptor::of::<Condition>("plugin:")),
        on_match: false,
        on_failure: "it counts as false",
    };

    fn bind(pre: &InstancePre<Ctx>) -> wasmtime::Result<Self::Bound> {
        bindings::ProvidesConditionsIndices::new(pre)
    }
}

impl Typed for Conditions {
    type Request = Evaluate;
    type Reply = bool;
    type Exports = bindings::ProvidesConditions;

    fn exports(
        bound: &Self::Bound,
        store: &mut Store<Ctx>,
        instance: &Instance,
    ) -> wasmtime::Result<Self::Exports> {
        bound.load(store, instance)
    }

    fn operation(request: &Evaluate) -> Arc<str> {
        request.name.clone()
    }

    async fn enter(
        exports: &Self::Exports,
        store: &mut Store<Ctx>,
        request: &Evaluate,
    ) -> wasmtime::Result<Result<bool, String>> {
        let subject = store.data().call.subject().into();
        let params = super::json_object(&request.params);
        let conditions = exports.portcullis_plugin_conditions();
        conditions
            .call_evaluate(store, &request.name, &subject, &params)
            .await
    }
}

/// What a condition came to.
#[derive(Debug)]
pub struct Evaluation {
    /// Whether it holds. False if the call failed, or was not made.
    pub holds: bool,
    /// The receipt, or why there was no call.
    pub dispatched: Dispatched<bool>,
}

/// Asks a condition by its qualified name. False on any failure.
pub(crate) async fn evaluate(
    registry: &SharedRegistry,
    qualified: &str,
    scene: Scene<'_>,
    params: &Map<String, Value>,
) -> Evaluation {
    let request = |entry: &super::Entry, _: &Condition| Evaluate {
        name: entry.name.clone(),
        params: params.clone(),
    };
    let dispatched =
        dispatch::<Conditions>(registry, qualified, scene, |c| &c.requires, request).await;
    let holds = dispatched
        .as_ref()
        .is_ok_and(|receipt| receipt.reply == Some(true));
    Evaluation { holds, dispatched }
}
