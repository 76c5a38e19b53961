//! `hooks`: handlers at the points of a host's work. A handler that fails changes nothing; whether the host then goes on is what its manifest says.

mod admission;
mod ask;
mod chain;
mod change;
mod order;
mod points;
mod rehearsal;
mod stage;

use std::num::NonZeroU64;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::capability::Ctx;
use crate::engine::{Extension, Typed};
use crate::hook_point::Fail;
use crate::pattern::Pattern;
use crate::permission::{ContributionDescriptor, ExtensionDescriptor, RawParser};
use crate::receipt::{Block, ChainReceipt};
use crate::write_set::Texts;

pub use order::HookEntry;
pub(super) use order::Order;
pub(crate) use order::list;
pub use points::{
    Message, ModelPostCall, ModelPreCall, ResponsePostDeliver, ResponsePreDeliver, RunPrePrompt,
    ToolCall, ToolPostExec, ToolPreExec, WorkItemPostCreate, WorkItemPreCreate, built_in as points,
};
pub use rehearsal::{Rehearsal, RehearsedStep, rehearse};
pub use stage::HookError;
pub(crate) use stage::{Points, Stage};

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/provides-hooks",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        exports: { default: async },
    });
}

use bindings::exports::portcullis::plugin::hooks as wit;

/// The extension `hooks`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hooks;

/// A handler in a manifest.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handler {
    /// Its name within the plugin; hosts use `hook:plugin:<id>:<name>`.
    pub name: String,
    /// The hook point at which it is asked, for example `tool.pre_exec`.
    pub point: String,
    /// What it does, for whoever runs a host with it.
    #[serde(default)]
    pub description: String,
    /// Where it stands among the others: the highest priority is asked first; among equals the plugin's id decides, then the order here.
    #[serde(default)]
    pub priority: i32,
    /// What follows if something keeps it from deciding: `open`, it is passed over, or `closed`, the host stops.
    #[serde(default)]
    pub fail: Fail,
    /// How long it may take, in milliseconds, if that is less than what the host allows.
    #[serde(default)]
    pub timeout_ms: Option<NonZeroU64>,
}

/// Where a plugin may have handlers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HookScope {
    /// The hook points, by name or by the beginning of their names, which a `*` follows; all by default.
    pub points: Vec<Pattern>,
}

impl Default for HookScope {
    fn default() -> Self {
        Self {
            points: vec![Pattern::any()],
        }
    }
}

/// A question to a handler.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handle {
    /// The handler's name within the plugin.
    pub name: Arc<str>,
    /// The hook point.
    pub point: Arc<str>,
    /// The data of the point, a JSON object.
    pub data: Arc<str>,
}

/// What a handler makes of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "what")]
pub enum Decision {
    /// Go on.
    Proceed,
    /// Go on with this JSON merge patch, of which only fields count that the point lets plugins change.
    Change(Map<String, Value>),
    /// Stop, for this reason: as the plugin says it.
    Block(String),
}

impl Extension for Hooks {
    type Contribution = Handler;
    type Bound = bindings::ProvidesHooksIndices;
    const DESCRIPTOR: ExtensionDescriptor = ExtensionDescriptor {
        id: "hooks",
        summary: "Handlers at the points of the host's work: they look, change and stop.",
        wit: include_str!("../../../wit/hooks.wit"),
        export: "portcullis:plugin/hooks",
        version: "0.1.0",
        permission: Some("hook:handle"),
        scope: Some(RawParser::of::<HookScope>()),
        operations: &["handle"],
        contribution: Some(
            ContributionDescriptor::of::<Handler>("hook:plugin:")
                .admitted_by(admission::admit)
                .by_manifest_alone(),
        ),
        on_match: true,
        on_failure: "it changes nothing and is passed over, or what is about to happen is stopped, as its manifest says with `fail`",
    };

    fn bind(pre: &InstancePre<Ctx>) -> wasmtime::Result<Self::Bound> {
        bindings::ProvidesHooksIndices::new(pre)
    }
}

impl Typed for Hooks {
    type Request = Handle;
    type Reply = Decision;
    type Exports = bindings::ProvidesHooks;

    fn exports(
        bound: &Self::Bound,
        store: &mut Store<Ctx>,
        instance: &Instance,
    ) -> wasmtime::Result<Self::Exports> {
        bound.load(store, instance)
    }

    fn operation(request: &Handle) -> Arc<str> {
        request.name.clone()
    }

    async fn enter(
        exports: &Self::Exports,
        store: &mut Store<Ctx>,
        request: &Handle,
    ) -> wasmtime::Result<Result<Decision, String>> {
        let subject = store.data().call.subject().into();
        let reply = exports
            .portcullis_plugin_hooks()
            .call_handle(
                store,
                &request.name,
                &subject,
                &request.point,
                &request.data,
            )
            .await?;
        Ok(reply.and_then(decision))
    }
}

fn decision(decision: wit::Decision) -> Result<Decision, String> {
    match decision {
        wit::Decision::Proceed => Ok(Decision::Proceed),
        wit::Decision::Block(reason) => Ok(Decision::Block(reason)),
        wit::Decision::Change(patch) => Texts::new()
            .object(&patch)
            .map(Decision::Change)
            .map_err(|error| format!("change: must be a JSON object: {error}")),
    }
}

/// What came of the data at a hook point, once all handlers were asked.
#[derive(Clone, Debug)]
#[must_use = "a handler may have changed the data, or blocked"]
pub struct Hooked<P> {
    /// The data, as the handlers have changed it.
    pub data: P,
    /// What each handler did, and whether the host may go on.
    pub chain: ChainReceipt,
}

impl<P> Hooked<P> {
    /// Who stopped the host, if anybody did. Where the point does not allow that it is always `None`.
    pub fn blocked(&self) -> Option<&Block> {
        self.chain.blocked()
    }
}

/// What came of data that has no type.
pub type HookedJson = Hooked<Map<String, Value>>;
