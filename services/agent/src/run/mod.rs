//! One run, from the work item to the response.

mod ask;
mod create;
mod hook;
mod respond;
mod use_tool;

use std::sync::Arc;

use data_encoding::HEXLOWER;
use portcullis::extension::hooks::{Message, RunPrePrompt};
use portcullis::{EnabledPlugins, Subject};

use crate::agent::Parts;
use crate::bounds::Bounds;
use crate::item::{NewWorkItem, WorkItem};
use crate::model;
use crate::tool::Toolbox;
use crate::transcript::{Bound, Entry, Outcome, Transcript, Usage};

/// A run under way. It stands outside of the future that is dropped when its time is up, so that the transcript is there then too.
pub(crate) struct Run<'a> {
    agent: &'a Arc<Parts>,
    subject: Subject,
    enabled: EnabledPlugins,
    /// The tools that the model is offered.
    tools: Toolbox,
    /// The conversation.
    messages: Vec<Message>,
    transcript: Transcript,
}

/// What a step comes to; an error is how the run ends.
type Step<T> = Result<T, Outcome>;

impl<'a> Run<'a> {
    pub(crate) fn new(agent: &'a Arc<Parts>, requester: Option<&str>) -> Self {
        let run = id("run");
        let workspace = agent.options.workspace.as_str();
        let mut subject = Subject::world(workspace).session(run.as_str());
        if let Some(requester) = requester {
            subject = subject.caller(requester);
        }
        Self {
            agent,
            subject,
            enabled: agent.host.enabled(workspace),
            tools: agent.tools.clone(),
            messages: Vec::new(),
            transcript: Transcript {
                run,
                work_item: None,
                entries: Vec::new(),
                chains: Vec::new(),
                usage: Usage::default(),
                outcome: Outcome::Failed {
                    why: "the run did not begin".to_owned(),
                },
            },
        }
    }

    /// Creates the work item and works on it.
    pub(crate) async fn create_and_work(mut self, item: NewWorkItem) -> Transcript {
        let time = self.bounds().run;
        let steps = async {
            let item = self.create(item).await?;
            self.steps(&item).await
        };
        let ended = tokio::time::timeout(time, steps).await;
        self.end(ended)
    }

    /// Works on a work item that is there.
    pub(crate) async fn work(mut self, item: WorkItem) -> Transcript {
        let time = self.bounds().run;
        self.transcript.work_item = Some(item.clone());
        let ended = tokio::time::timeout(time, self.steps(&item)).await;
        self.end(ended)
    }

    fn end(mut self, ended: Result<Step<()>, tokio::time::error::Elapsed>) -> Transcript {
        self.transcript.outcome = match ended {
            Ok(Ok(())) => Outcome::Delivered,
            Ok(Err(outcome)) => outcome,
            // Its time ended while plugins were told of the delivery.
            Err(_) if self.transcript.response().is_some() => Outcome::Delivered,
            Err(_) => Outcome::Stopped {
                bound: Bound::Time,
                why: format!("the run took longer than {:?}", self.bounds().run),
            },
        };
        self.transcript
    }

    async fn steps(&mut self, item: &WorkItem) -> Step<()> {
        self.prompt(item).await?;
        let turns = self.bounds().turns;
        for turn in 1..=turns {
            let answer = self.ask(turn).await?;
            let calls = answer.tool_calls.clone();
            self.say(answer);
            if calls.is_empty() {
                return self.respond(item).await;
            }
            // Nobody reads what comes of a tool after the last turn.
            let most = match turn == turns {
                true => 0,
                false => self.bounds().calls_per_turn,
            };
            self.use_tools(turn, calls, most).await?;
        }
        Err(Outcome::Stopped {
            bound: Bound::Turns,
            why: format!("the model was asked {turns} times and still wanted to use tools"),
        })
    }

    /// What the model is told first, and the tools that it gets.
    async fn prompt(&mut self, item: &WorkItem) -> Step<()> {
        let point = RunPrePrompt {
            run: self.transcript.run.clone(),
            work_item: item.id.clone(),
            system: self.agent.options.system.clone(),
            prompt: item.prompt(),
            tools: self.tools.names().map(str::to_owned).collect(),
        };
        let point = self.hook_or_end(point).await?;
        self.tools = self.tools.only(&point.tools);
        if !point.system.is_empty() {
            self.say(message("system", point.system));
        }
        self.say(message("user", point.prompt));
        Ok(())
    }

    /// Adds to the conversation.
    fn say(&mut self, message: Message) {
        self.messages.push(message.clone());
        self.note(Entry::Said { message });
    }

    fn note(&mut self, entry: Entry) {
        self.transcript.entries.push(entry);
    }

    fn bounds(&self) -> &'a Bounds {
        &self.agent.options.bounds
    }

    /// How many bytes the conversation has.
    fn conversation_bytes(&self) -> usize {
        self.messages.iter().map(model::bytes_of).sum()
    }
}

fn message(role: &str, content: String) -> Message {
    Message {
        role: role.to_owned(),
        content,
        tool_call: None,
        tool_calls: Vec::new(),
    }
}

/// A name that no other run or work item has, on any host: plugins keep what belongs to it under that name.
fn id(kind: &str) -> String {
    let mut bytes = [0; 10];
    if getrandom::fill(&mut bytes).is_err() {
        tracing::warn!("the machine has no random numbers; the ids of runs are not unique");
    }
    format!("{kind}-{}", HEXLOWER.encode(&bytes))
}
