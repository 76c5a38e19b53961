//! The hook points of Portcullis' own: the data of each as a type. Fields that handlers may change are said to be mutable.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::hook_point::{HookPoint, Point};

/// Declares the points: the data of each, and what handlers may do there.
macro_rules! points {
    ($(
        $(#[$about:meta])*
        $type:ident = $name:literal, $summary:literal, mutable: [$($mutable:literal),*], may_block: $may_block:literal {
            $($(#[$field_about:meta])* $field:ident: $of:ty,)+
        }
    )+) => {
        $(
            $(#[$about])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
            pub struct $type {
                $($(#[$field_about])* pub $field: $of,)+
            }

            impl Point for $type {
                const NAME: &'static str = $name;
                const SUMMARY: &'static str = $summary;
                const MUTABLE: &'static [&'static str] = &[$($mutable),*];
                const MAY_BLOCK: bool = $may_block;
            }
        )+

        /// The built-in points, in the order in which an agent's host reaches them.
        pub fn built_in() -> Vec<HookPoint> {
            vec![$(HookPoint::of::<$type>()),+]
        }
    };
}

points! {
    /// A work item that somebody is about to create.
    WorkItemPreCreate = "work_item.pre_create", "Before a work item is created.",
    mutable: ["title", "description", "labels"], may_block: true {
        /// What is to be done, in a line. Mutable.
        title: String,
        /// The same at length. Mutable.
        description: String,
        /// Its labels. Mutable.
        labels: Vec<String>,
        /// Who asked for it.
        requester: Option<String>,
    }

    /// A work item that was created.
    WorkItemPostCreate = "work_item.post_create", "After a work item was created.",
    mutable: [], may_block: false {
        /// The work item's id.
        id: String,
        /// What is to be done, in a line.
        title: String,
        /// The same at length.
        description: String,
        /// Its labels.
        labels: Vec<String>,
        /// Who asked for it.
        requester: Option<String>,
    }

    /// A run that is about to begin.
    RunPrePrompt = "run.pre_prompt", "Before a run's first prompt is put together.",
    mutable: ["system", "prompt", "tools"], may_block: true {
        /// The run's id.
        run: String,
        /// The id of the work item that it works on.
        work_item: String,
        /// What the model is told about itself. Mutable.
        system: String,
        /// What the model is asked. Mutable.
        prompt: String,
        /// The names of the tools that the model is offered. Mutable: names can be taken away; those that were not there do not count.
        tools: Vec<String>,
    }

    /// A request that is about to go to a model.
    ModelPreCall = "model.pre_call", "Before a request goes to a model.",
    mutable: ["model", "max_tokens", "temperature", "messages"], may_block: true {
        /// The run's id.
        run: String,
        /// Which turn of the run this is, from 1 on.
        turn: u32,
        /// The model. Mutable.
        model: String,
        /// The most tokens that it may answer. Mutable.
        max_tokens: u32,
        /// How much chance there is in its answer; the model's own choice where nothing is said. Mutable.
        temperature: Option<f64>,
        /// The conversation so far. Mutable.
        messages: Vec<Message>,
        /// How many tokens the conversation has, as the host estimates it.
        prompt_tokens: u64,
    }

    /// What a model answered.
    ModelPostCall = "model.post_call", "After a model has answered.",
    mutable: ["content"], may_block: false {
        /// The run's id.
        run: String,
        /// Which turn of the run this is, from 1 on.
        turn: u32,
        /// The model.
        model: String,
        /// What it said. Mutable.
        content: Option<String>,
        /// The tools that it wants to use.
        tool_calls: Vec<ToolCall>,
        /// How many tokens the conversation had, as the model's server counts.
        prompt_tokens: u64,
        /// How many tokens the answer has.
        completion_tokens: u64,
    }

    /// A tool that is about to be used.
    ToolPreExec = "tool.pre_exec", "Before a tool is used.",
    mutable: ["arguments"], may_block: true {
        /// The run's id.
        run: String,
        /// Which turn of the run this is, from 1 on.
        turn: u32,
        /// The id that the model gave to this use of the tool.
        call: String,
        /// The tool's name.
        tool: String,
        /// Its arguments. Mutable.
        arguments: Map<String, Value>,
    }

    /// What came of a tool. Blocked, the model is told that the output was withheld.
    ToolPostExec = "tool.post_exec", "After a tool was used, before the model sees what came of it.",
    mutable: ["output"], may_block: true {
        /// The run's id.
        run: String,
        /// Which turn of the run this is, from 1 on.
        turn: u32,
        /// The id that the model gave to this use of the tool.
        call: String,
        /// The tool's name.
        tool: String,
        /// Its arguments.
        arguments: Map<String, Value>,
        /// What came of it, or what went wrong. Mutable.
        output: String,
        /// Whether it went wrong.
        failed: bool,
    }

    /// A response that is about to be delivered.
    ResponsePreDeliver = "response.pre_deliver", "Before a response is delivered.",
    mutable: ["text"], may_block: true {
        /// The run's id.
        run: String,
        /// The id of the work item that it answers.
        work_item: String,
        /// The response. Mutable.
        text: String,
    }

    /// A response that was delivered.
    ResponsePostDeliver = "response.post_deliver", "After a response was delivered.",
    mutable: [], may_block: false {
        /// The run's id.
        run: String,
        /// The id of the work item that it answers.
        work_item: String,
        /// The response.
        text: String,
    }
}

/// A message of a conversation with a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// Who says it: `system`, `user`, `assistant` or `tool`.
    pub role: String,
    /// What is said.
    pub content: String,
    /// For `tool`: the id of the tool's use that this came of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call: Option<String>,
    /// For `assistant`: the tools that it wanted to use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
}

/// A use of a tool that a model wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolCall {
    /// The id that the model gave to it.
    pub id: String,
    /// The tool's name.
    pub tool: String,
    /// The arguments, as JSON: an object, if the model did as it should.
    pub arguments: Value,
}
