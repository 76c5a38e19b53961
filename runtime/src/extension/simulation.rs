//! `simulation`: settings of the simulation. Providers are merged by priority; one that fails is skipped.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::{Dispatched, Entry, Scene, SharedRegistry, by_priority, dispatch};
use crate::capability::Ctx;
use crate::engine::{Extension, Typed};
use crate::permission::{ContributionDescriptor, ExtensionDescriptor};
use crate::write_set::Texts;

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/provides-simulation",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        exports: { default: async },
    });
}

/// The extension `simulation`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulation;

/// A simulation provider in a manifest.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Its name within the plugin; hosts use `simulation:plugin:<id>:<name>`.
    pub name: String,
    /// What it sets, for whoever runs a world with it.
    #[serde(default)]
    pub description: String,
    /// Where two providers set the same key, the higher priority wins; among equals the plugin that was loaded first.
    #[serde(default)]
    pub priority: i32,
}

/// A question to a provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Provide {
    /// The provider's name within the plugin.
    pub name: Arc<str>,
}

impl Extension for Simulation {
    type Contribution = Provider;
    type Bound = bindings::ProvidesSimulationIndices;
    const DESCRIPTOR: ExtensionDescriptor = ExtensionDescriptor {
        id: "simulation",
        summary: "Settings of the simulation, merged by priority.",
        wit: include_str!("../../wit/simulation.wit"),
        export: "portcullis:plugin/simulation",
        version: "0.1.0",
        permission: Some("behavior:configure_simulation"),
        scope: None,
        operations: &["provide"],
        contribution: Some(ContributionDescriptor::of::<Provider>("simulation:plugin:")),
        on_match: false,
        on_failure: "it is skipped; the others count",
    };

    fn bind(pre: &InstancePre<Ctx>) -> wasmtime::Result<Self::Bound> {
        bindings::ProvidesSimulationIndices::new(pre)
    }
}

impl Typed for Simulation {
    type Request = Provide;
    type Reply = Map<String, Value>;
    type Exports = bindings::ProvidesSimulation;

    fn exports(
        bound: &Self::Bound,
        store: &mut Store<Ctx>,
        instance: &Instance,
    ) -> wasmtime::Result<Self::Exports> {
        bound.load(store, instance)
    }

    fn operation(request: &Provide) -> Arc<str> {
        request.name.clone()
    }

    async fn enter(
        exports: &Self::Exports,
        store: &mut Store<Ctx>,
        request: &Provide,
    ) -> wasmtime::Result<Result<Map<String, Value>, String>> {
        let subject = store.data().call.subject().into();
        let reply = exports
            .portcullis_plugin_simulation()
            .call_provide(store, &request.name, &subject)
            .await?;
        Ok(reply.and_then(|text| checked(&text)))
    }
}

fn checked(text: &str) -> Result<Map<String, Value>, String> {
    Texts::new()
        .object(text)
        .map_err(|error| format!("settings are not a JSON object: {error}"))
}

/// The settings that the providers of a world came to.
#[derive(Debug, Default)]
pub struct Settings {
    /// The merged settings.
    pub values: Map<String, Value>,
    /// What became of each provider, by qualified name, the highest priority first.
    pub providers: Vec<(String, Dispatched<Map<String, Value>>)>,
}

/// Asks all providers of the scene's world.
pub(crate) async fn provide(registry: &SharedRegistry, scene: Scene<'_>) -> Settings {
    let providers = by_priority::<Simulation>(registry, |_| true, |one| one.priority);
    let mut settings = Settings::default();
    for qualified in providers {
        let request = |entry: &Entry, _: &Provider| Provide {
            name: entry.name.clone(),
        };
        let dispatched =
            dispatch::<Simulation>(registry, &qualified, scene, |_| &[], request).await;
        if let Some(values) = dispatched
            .as_ref()
            .ok()
            .and_then(|receipt| receipt.reply.clone())
        {
            for (key, value) in values {
                settings.values.entry(key).or_insert(value);
            }
        }
        settings.providers.push((qualified, dispatched));
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves S4: settings have as many values as any text of plugins.
    #[test]
    fn settings_have_few_values() {
        let settings = |values: usize| format!(r#"{{"a":[{}0]}}"#, "0,".repeat(values - 3));
        assert!(checked(&settings(4_096)).is_ok());
        assert!(checked(&settings(4_097)).is_err_and(|why| why.contains("at most 4096 values")));
        let tower = format!("{}1{}", "{\"\":".repeat(65), "}".repeat(65));
        assert!(checked(&tower).is_err_and(|why| why.contains("64 levels")));
    }
}
