//! `candidates`: activities that an NPC may pursue besides those of its routine. A provider that fails adds none.

mod proposal;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::{Dispatched, Entry, Scene, SharedRegistry, by_priority, dispatch, is_used};
use crate::capability::Ctx;
use crate::engine::{Extension, Typed};
use crate::manifest::PluginId;
use crate::permission::{ContributionDescriptor, ExtensionDescriptor};
use crate::receipt::Receipt;
use crate::subject::Context;

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/provides-candidates",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        exports: { default: async },
    });
}

use bindings::exports::portcullis::plugin::candidates as wit;
pub use proposal::{Proposal, ProposedEffect};

/// The extension `candidates`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Candidates;

/// A provider of activities in a manifest.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Its name within the plugin; hosts use `candidates:plugin:<id>:<name>`.
    pub name: String,
    /// What it proposes, for whoever runs a world with it.
    #[serde(default)]
    pub description: String,
    /// Where it stands among the others: the highest priority is asked first; among equals the plugin that was loaded first.
    #[serde(default)]
    pub priority: i32,
    /// What the subject must have for the provider to be asked at all.
    #[serde(default)]
    pub requires: Vec<Context>,
}

/// A question to a provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Propose {
    /// The provider's name within the plugin.
    pub name: Arc<str>,
}

impl Extension for Candidates {
    type Contribution = Provider;
    type Bound = bindings::ProvidesCandidatesIndices;
    const DESCRIPTOR: ExtensionDescriptor = ExtensionDescriptor {
        id: "candidates",
        summary: "Activities that NPCs may pursue besides those of their routines.",
        wit: include_str!("../../../wit/candidates.wit"),
        export: "portcullis:plugin/candidates",
        version: "0.1.0",
        permission: Some("behavior:configure_simulation"),
        scope: None,
        operations: &["propose"],
        contribution: Some(ContributionDescriptor::of::<Provider>("candidates:plugin:")),
        on_match: false,
        on_failure: "it proposes nothing; the others count",
    };

    fn bind(pre: &InstancePre<Ctx>) -> wasmtime::Result<Self::Bound> {
        bindings::ProvidesCandidatesIndices::new(pre)
    }
}

impl Typed for Candidates {
    type Request = Propose;
    type Reply = Vec<Proposal>;
    type Exports = bindings::ProvidesCandidates;

    fn exports(
        bound: &Self::Bound,
        store: &mut Store<Ctx>,
        instance: &Instance,
    ) -> wasmtime::Result<Self::Exports> {
        bound.load(store, instance)
    }

    fn operation(request: &Propose) -> Arc<str> {
        request.name.clone()
    }

    async fn enter(
        exports: &Self::Exports,
        store: &mut Store<Ctx>,
        request: &Propose,
    ) -> wasmtime::Result<Result<Vec<Proposal>, String>> {
        let call = &store.data().call;
        let (plugin, subject) = (call.plugin().plugin.clone(), call.subject().into());
        let reply = exports
            .portcullis_plugin_candidates()
            .call_propose(store, &request.name, &subject)
            .await?;
        Ok(reply.and_then(|activities| proposal::checked(activities, &plugin)))
    }
}

/// An activity that a plugin proposes.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposed {
    /// The plugin.
    pub plugin: PluginId,
    /// The name that hosts use, `plugin:<id>:<name>`. Several activities may have it, for example at several locations.
    pub activity: String,
    /// What is proposed.
    pub proposal: Proposal,
}

/// What the providers of a world propose to an NPC.
#[derive(Debug, Default)]
pub struct Proposals {
    /// The activities, in the order of their providers, each in the order of its reply.
    pub activities: Vec<Proposed>,
    /// What became of each provider of the plugins that the world uses, by qualified name, the highest priority first.
    pub providers: Vec<(String, Dispatched<Vec<Proposal>>)>,
}

/// Asks all providers of the scene's world. Without one there is nothing but two empty lists: this runs for each NPC and tick.
pub(crate) async fn propose(registry: &SharedRegistry, scene: Scene<'_>) -> Proposals {
    let mut proposals = Proposals::default();
    let used = |entry: &Entry| is_used(entry, scene);
    for qualified in by_priority::<Candidates>(registry, used, |one| one.priority) {
        let request = |entry: &Entry, _: &Provider| Propose {
            name: entry.name.clone(),
        };
        let dispatched =
            dispatch::<Candidates>(registry, &qualified, scene, |one| &one.requires, request).await;
        if let Ok(receipt) = &dispatched {
            proposals.activities.extend(proposed(receipt));
        }
        proposals.providers.push((qualified, dispatched));
    }
    proposals
}

fn proposed(receipt: &Receipt<Vec<Proposal>>) -> impl Iterator<Item = Proposed> {
    let plugin = &receipt.plugin.plugin;
    let reply = receipt.reply.iter().flatten();
    reply.map(move |proposal| Proposed {
        plugin: plugin.clone(),
        activity: format!("plugin:{plugin}:{}", proposal.name),
        proposal: proposal.clone(),
    })
}
