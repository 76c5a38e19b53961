//! The extension `advice`: what a plugin may export.

use std::sync::Arc;

use portcullis::capability::Ctx;
use portcullis::permission::{ContributionDescriptor, ExtensionDescriptor};
use portcullis::wasmtime::Store;
use portcullis::wasmtime::component::{Instance, InstancePre};
use portcullis::{Extension, Typed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[allow(missing_docs)]
mod bindings {
    ::portcullis::wasmtime::component::bindgen!({
        wasmtime_crate: ::portcullis::wasmtime,
        path: ["../../runtime/wit", "wit"],
        world: "acme:weather/provides-advice",
        exports: { default: async },
    });
}

/// The extension.
pub struct Advice;

/// What a manifest says about the advice that it contributes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Almanac {
    /// Its name within the plugin.
    pub name: String,
    /// The season that it is good for.
    pub season: String,
}

/// What is asked of the plugin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Advise {
    /// What grows.
    pub crop: String,
    /// Where.
    pub place: String,
}

impl Extension for Advice {
    type Contribution = Almanac;
    type Bound = bindings::ProvidesAdviceIndices;
    const DESCRIPTOR: ExtensionDescriptor = ExtensionDescriptor {
        id: "advice",
        summary: "Advice for farmers.",
        wit: include_str!("../wit/weather.wit"),
        export: "acme:weather/advice",
        version: "1.0.0",
        permission: Some("weather:advise"),
        scope: None,
        operations: &["advise"],
        contribution: Some(ContributionDescriptor::of::<Almanac>("advice:plugin:")),
        // Each season the host asks for advice by itself.
        on_match: true,
        on_failure: "the farmer asks somebody else",
    };

    fn bind(pre: &InstancePre<Ctx>) -> portcullis::wasmtime::Result<Self::Bound> {
        bindings::ProvidesAdviceIndices::new(pre)
    }
}

impl Typed for Advice {
    type Request = Advise;
    type Reply = String;
    type Exports = bindings::ProvidesAdvice;

    fn exports(
        bound: &Self::Bound,
        store: &mut Store<Ctx>,
        instance: &Instance,
    ) -> portcullis::wasmtime::Result<Self::Exports> {
        bound.load(store, instance)
    }

    fn operation(_: &Advise) -> Arc<str> {
        "advise".into()
    }

    async fn enter(
        exports: &Self::Exports,
        store: &mut Store<Ctx>,
        request: &Advise,
    ) -> portcullis::wasmtime::Result<Result<String, String>> {
        let advice = exports.acme_weather_advice();
        advice
            .call_advise(store, &request.crop, &request.place)
            .await
    }
}
