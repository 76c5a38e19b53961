//! `commands`: what users ask of plugins by name, in a chat or over the bus. A command that fails answers nothing; whoever gave it is told that it
//! failed, and no more.

mod admission;
mod answer;
mod find;
mod invocation;
mod invoke;
mod response;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::{Dispatched, Entry, Scene, SharedRegistry, Skip, dispatch_checked, json_object};
use crate::capability::Ctx;
use crate::configuration::{ArgumentSchema, MAX_COMMANDS};
use crate::engine::{Extension, Typed};
use crate::pattern::Pattern;
use crate::permission::{ContributionDescriptor, ExtensionDescriptor, RawParser};
use crate::subject::Context;

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/provides-commands",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        exports: { default: async },
    });
}

pub use answer::{Answer, Happening, MAX_REPLY, Reply};
use bindings::exports::portcullis::plugin::commands as wit;
pub use find::CommandEntry;
pub(crate) use find::{find, list};
pub use invocation::{Invocation, MAX_SAID};
pub use invoke::Invoked;
pub(crate) use invoke::invoke;

const PERMISSION: &str = "command:handle";

/// The extension `commands`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Commands;

/// A command in a manifest. A plugin has at most 64.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Its name within the plugin, and what users write; hosts use `command:plugin:<id>:<name>`.
    pub name: String,
    /// What it does, for its users.
    #[serde(default)]
    pub description: String,
    /// What users may write instead of its name: lowercase letters, digits and hyphens, at most 8.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The arguments that users may give without their names, in this order. The last one, if it is a string, takes all words that are left.
    #[serde(default)]
    pub positional: Vec<String>,
    /// What the subject must have for the command to be carried out at all.
    #[serde(default)]
    pub requires: Vec<Context>,
    /// The arguments, as a JSON Schema of an object under the rules of `[config]`, without secrets and smaller: at most 300 values, 6 patterns and 50
    /// defaults. None where nothing is said.
    #[serde(default)]
    #[schemars(with = "Map<String, Value>")]
    pub arguments: ArgumentSchema,
}

/// Which commands a plugin may answer; all by default. Aliases count as names.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandScope {
    /// Names, or beginnings of names that end in `*`.
    #[serde(default = "every_command")]
    pub commands: Vec<Pattern>,
}

impl Default for CommandScope {
    fn default() -> Self {
        Self {
            commands: every_command(),
        }
    }
}

fn every_command() -> Vec<Pattern> {
    vec![Pattern::any()]
}

/// The request to carry out a command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invoke {
    /// The command's name within the plugin.
    pub name: Arc<str>,
    /// The host's id of the invocation.
    pub correlation: String,
    /// The arguments, checked, with their defaults filled in.
    #[serde(default)]
    pub arguments: Map<String, Value>,
    /// The thread in which it was given.
    #[serde(default)]
    pub thread: Option<String>,
    /// The channel in which it was given.
    #[serde(default)]
    pub channel: Option<String>,
    /// Who gave it.
    #[serde(default)]
    pub user: Option<String>,
    /// What was said in a conversation that is open.
    #[serde(default)]
    pub said: Option<String>,
}

impl Extension for Commands {
    type Contribution = Command;
    type Bound = bindings::ProvidesCommandsIndices;
    const DESCRIPTOR: ExtensionDescriptor = ExtensionDescriptor {
        id: "commands",
        summary: "Commands that users give by name, with arguments, and conversations that they open.",
        wit: include_str!("../../../wit/commands.wit"),
        export: "portcullis:plugin/commands",
        version: "0.1.0",
        permission: Some(PERMISSION),
        scope: Some(RawParser::of::<CommandScope>()),
        operations: &["invoke"],
        contribution: Some(ContributionDescriptor {
            prefix: "command:plugin:",
            parser: admission::PARSER,
            admits: admission::admits,
            chosen_by_load: false,
            at_most: MAX_COMMANDS,
        }),
        on_match: false,
        on_failure: "it answers nothing; its user is told that it failed",
    };

    fn bind(pre: &InstancePre<Ctx>) -> wasmtime::Result<Self::Bound> {
        bindings::ProvidesCommandsIndices::new(pre)
    }
}

impl Typed for Commands {
    type Request = Invoke;
    type Reply = Answer;
    type Exports = bindings::ProvidesCommands;

    fn exports(
        bound: &Self::Bound,
        store: &mut Store<Ctx>,
        instance: &Instance,
    ) -> wasmtime::Result<Self::Exports> {
        bound.load(store, instance)
    }

    fn operation(request: &Invoke) -> Arc<str> {
        request.name.clone()
    }

    async fn enter(
        exports: &Self::Exports,
        store: &mut Store<Ctx>,
        request: &Invoke,
    ) -> wasmtime::Result<Result<Answer, String>> {
        let subject = store.data().call.subject().into();
        let invocation = wit::Invocation {
            correlation: request.correlation.clone(),
            arguments: json_object(&request.arguments).into_owned(),
            thread: request.thread.clone(),
            channel: request.channel.clone(),
            user: request.user.clone(),
            said: request.said.clone(),
        };
        let commands = exports.portcullis_plugin_commands();
        let reply = commands
            .call_invoke(store, &request.name, &subject, &invocation)
            .await?;
        Ok(reply.and_then(answer::checked))
    }
}
