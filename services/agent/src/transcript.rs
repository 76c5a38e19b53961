//! What a run leaves behind.

use std::fmt;
use std::time::Duration;

use portcullis::log_record::escape;
use portcullis::receipt::{ChainReceipt, Record};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::item::WorkItem;
use crate::model::Message;

/// A longer line is cut where a transcript is printed; the transcript has all of it.
const MAX_LINE: usize = 2_048;

/// All that happened in a run, in order. What a tool said is in it as plugins left it: what they hid from the model, they hid from here.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use = "a transcript tells what came of the run"]
pub struct Transcript {
    /// The run's id.
    pub run: String,
    /// What was worked on; `None` if it was not created.
    pub work_item: Option<WorkItem>,
    /// What happened.
    pub entries: Vec<Entry>,
    /// The receipts of the hook chains; [`Entry::Hooks`] says which of them ran when. Each holds the receipts of its handlers' calls.
    pub chains: Vec<ChainReceipt>,
    /// What the model was asked, and what it cost.
    pub usage: Usage,
    /// How the run ended.
    pub outcome: Outcome,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "entry")]
pub enum Entry {
    /// Handlers were asked.
    Hooks {
        /// The hook point.
        point: String,
        /// The chain: its place in [`Transcript::chains`].
        chain: usize,
    },
    /// Something was said: it is a part of the conversation from here on.
    Said {
        /// What, and who said it.
        message: Message,
    },
    /// The model was asked.
    Asked {
        /// Which turn this is, from 1 on.
        turn: u32,
        /// The model, as plugins left it.
        model: String,
        /// The most tokens, as plugins left them.
        max_tokens: u32,
        /// How much chance, as plugins left it.
        temperature: Option<f64>,
        /// What it was sent, where plugins changed that: for this one request, not for those after it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent: Option<Vec<Message>>,
    },
    /// The model answered.
    Answered {
        /// Which turn this is.
        turn: u32,
        /// Why it ended, in its server's words.
        finish: Option<String>,
        /// The tokens of the conversation.
        prompt_tokens: u64,
        /// The tokens of the answer.
        completion_tokens: u64,
    },
    /// The model wanted to use a tool.
    Used {
        /// Which turn this is.
        turn: u32,
        /// The id that the model gave to the use.
        call: String,
        /// The tool.
        tool: String,
        /// The arguments, as plugins left them; empty where they were no object.
        arguments: Map<String, Value>,
        /// What came of it. The text that the model got is the message after this.
        came: Use,
    },
    /// The response was delivered.
    Delivered {
        /// The response, as plugins left it.
        text: String,
    },
}

/// What came of the use of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Use {
    /// The tool did what it was asked.
    Done,
    /// The tool said what went wrong.
    Failed,
    /// There was nothing to run: no such tool, arguments that do not fit, too many uses in one turn, or no turn after it.
    NotRun,
    /// A handler of `tool.pre_exec` refused it.
    Refused {
        /// The handler.
        by: String,
        /// Why.
        reason: String,
    },
    /// A handler of `tool.post_exec` withheld what came of it.
    Withheld {
        /// The handler.
        by: String,
        /// Why.
        reason: String,
    },
}

/// What a run used of its model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Answers.
    pub answers: u32,
    /// Tokens of all conversations that were sent, as the server counts them; as the host estimates them where it does not.
    pub prompt_tokens: u64,
    /// Tokens of all answers, likewise.
    pub completion_tokens: u64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Outcome {
    /// Its response was delivered.
    Delivered,
    /// A handler blocked it.
    Blocked {
        /// The hook point.
        point: String,
        /// The handler.
        by: String,
        /// Why.
        reason: String,
    },
    /// There was nothing to work on: the work item is not sound, as it was asked for or as plugins left it.
    Refused {
        /// What is wrong with it.
        why: String,
    },
    /// The model, or the delivery, failed.
    Failed {
        /// Why.
        why: String,
    },
    /// It came to one of its bounds.
    Stopped {
        /// Which.
        bound: Bound,
        /// What that was.
        why: String,
    },
}

/// A bound that ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// [`Bounds::turns`](crate::Bounds::turns).
    Turns,
    /// [`Bounds::run`](crate::Bounds::run).
    Time,
    /// [`Bounds::conversation_bytes`](crate::Bounds::conversation_bytes).
    Conversation,
}

impl Transcript {
    /// The conversation, in order.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Said { message } => Some(message),
            _ => None,
        })
    }

    /// What was delivered, if anything.
    pub fn response(&self) -> Option<&str> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Delivered { text } => Some(text.as_str()),
            _ => None,
        })
    }

    /// The receipts of the calls of plugins, in order.
    pub fn receipts(&self) -> impl Iterator<Item = &Record> {
        let steps = self.chains.iter().flat_map(|chain| &chain.steps);
        steps.filter_map(|step| step.call.as_deref())
    }

    /// Wall time in plugins.
    pub fn in_plugins(&self) -> Duration {
        self.chains.iter().map(|chain| chain.duration).sum()
    }
}

/// A line for each thing that happened, and more for texts of several lines. All text is escaped: it may come from anywhere.
impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.work_item {
            Some(item) => writeln!(f, "run {} of {}: {}", self.run, item.id, line(&item.title))?,
            None => writeln!(f, "run {}", self.run)?,
        }
        for entry in &self.entries {
            match entry {
                Entry::Hooks { chain, .. } => self.write_chain(*chain, f)?,
                entry => writeln!(f, "{entry}")?,
            }
        }
        let Usage {
            answers,
            prompt_tokens,
            completion_tokens,
        } = self.usage;
        writeln!(f, "{}", self.outcome)?;
        write!(
            f,
            "{answers} answers, {prompt_tokens} tokens in, {completion_tokens} out"
        )
    }
}

impl Transcript {
    /// What handlers did; nothing where all of them let the host go on as it was.
    fn write_chain(&self, chain: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(chain) = self.chains.get(chain) else {
            return Ok(());
        };
        if let Some(fault) = &chain.fault {
            writeln!(f, "  | {}: fault: {}", chain.point, line(fault))?;
        }
        for step in &chain.steps {
            if step.decision != portcullis::receipt::StepDecision::Proceed || !step.notes.is_empty()
            {
                let text = format!("{} {}", step.handler, step.decision);
                writeln!(f, "  | {}: {}", chain.point, line(&text))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hooks { point, .. } => write!(f, "  | {point}"),
            Self::Said { message } => {
                write!(f, "{}", said(&message.role, &message.content))?;
                for call in &message.tool_calls {
                    let arguments = line(&call.arguments.to_string());
                    write!(
                        f,
                        "\n  -> {} {arguments} [{}]",
                        line(&call.tool),
                        line(&call.id)
                    )?;
                }
                Ok(())
            }
            Self::Asked {
                turn,
                model,
                max_tokens,
                sent,
                ..
            } => {
                let model = line(model);
                write!(f, "turn {turn}: {model}, at most {max_tokens} tokens")?;
                match sent {
                    Some(sent) => write!(f, ", {} messages changed by plugins", sent.len()),
                    None => Ok(()),
                }
            }
            Self::Answered {
                prompt_tokens,
                completion_tokens,
                finish,
                ..
            } => {
                let finish = finish.as_deref().map(line).unwrap_or_default();
                write!(
                    f,
                    "  answered: {prompt_tokens} tokens in, {completion_tokens} out {finish}"
                )
            }
            Self::Used { tool, came, .. } => write!(f, "  {} {came}", line(tool)),
            Self::Delivered { text } => f.write_str(&said("delivered", text)),
        }
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("was used"),
            Self::Failed => f.write_str("failed"),
            Self::NotRun => f.write_str("was not run"),
            Self::Refused { by, reason } => write!(f, "was refused by {by}: {}", line(reason)),
            Self::Withheld { by, reason } => {
                write!(f, "was used; {by} withheld its output: {}", line(reason))
            }
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered => f.write_str("ended: delivered"),
            Self::Blocked { point, by, reason } => {
                write!(f, "ended: blocked at {point} by {by}: {}", line(reason))
            }
            Self::Refused { why } => write!(f, "ended: refused: {}", line(why)),
            Self::Failed { why } => write!(f, "ended: failed: {}", line(why)),
            Self::Stopped { why, .. } => write!(f, "ended: stopped: {}", line(why)),
        }
    }
}

/// A text with who says it, its further lines indented.
fn said(who: &str, text: &str) -> String {
    let mut said = format!("{}:", line(who));
    for (place, text) in text.lines().map(line).enumerate() {
        let space = match (place, text.is_empty()) {
            (_, true) => "",
            (0, false) => " ",
            (_, false) => "    ",
        };
        let end = if place == 0 { "" } else { "\n" };
        said.push_str(&format!("{end}{space}{text}"));
    }
    said
}

fn line(text: &str) -> String {
    escape(text, MAX_LINE)
}
