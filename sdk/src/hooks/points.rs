//! The hook points of Portcullis' own: the data of each as a type. The host's side has the same; only what is said to be mutable can be
//! changed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Point;

/// Declares the points: the name and the data of each.
macro_rules! points {
    ($(
        $(#[$about:meta])*
        $type:ident = $name:literal {
            $($(#[$field_about:meta])* $field:ident: $of:ty,)+
        }
    )+) => {
        $(
            $(#[$about])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub struct $type {
                $($(#[$field_about])* pub $field: $of,)+
            }

            impl Point for $type {
                const NAME: &'static str = $name;
            }
        )+
    };
}

points! {
    /// A work item that somebody is about to create.
    WorkItemPreCreate = "work_item.pre_create" {
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
    WorkItemPostCreate = "work_item.post_create" {
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
    RunPrePrompt = "run.pre_prompt" {
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
    ModelPreCall = "model.pre_call" {
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
    ModelPostCall = "model.post_call" {
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
    ToolPreExec = "tool.pre_exec" {
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
    ToolPostExec = "tool.post_exec" {
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
    ResponsePreDeliver = "response.pre_deliver" {
        /// The run's id.
        run: String,
        /// The id of the work item that it answers.
        work_item: String,
        /// The response. Mutable.
        text: String,
    }

    /// A response that was delivered.
    ResponsePostDeliver = "response.post_deliver" {
        /// The run's id.
        run: String,
        /// The id of the work item that it answers.
        work_item: String,
        /// The response.
        text: String,
    }
}

/// A message of a conversation with a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The id that the model gave to it.
    pub id: String,
    /// The tool's name.
    pub tool: String,
    /// The arguments, as JSON: an object, if the model did as it should.
    pub arguments: Value,
}
