//! What a chain of hook handlers leaves behind.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Record;
use super::record::nanoseconds;
use crate::hook_point::Fail;
use crate::subject::Subject;

/// What is known of a chain when it has ended. Times are in nanoseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use = "a chain's receipt tells whether the host may go on"]
pub struct ChainReceipt {
    /// The hook point.
    pub point: Arc<str>,
    /// Whom the chain was about.
    pub subject: Subject,
    /// Whether the host may go on.
    pub verdict: ChainVerdict,
    /// Wall time from the first handler to the last, and what is between them.
    #[serde(rename = "duration_ns", with = "nanoseconds")]
    pub duration: Duration,
    /// What became of each handler of the plugins that the world uses, in the order in which they were asked. Those after a block are not
    /// among them.
    pub steps: Vec<ChainStep>,
    /// What went wrong with the chain itself, through no handler's doing. The data is as it was after the last step that went well.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fault: Option<String>,
}

/// Whether a host may go on with what it was about to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum ChainVerdict {
    /// It may.
    Proceed,
    /// A handler stopped it.
    Block(Block),
}

/// Who stopped the host, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The handler, `hook:plugin:<id>:<name>`.
    pub by: Arc<str>,
    /// Why: what its plugin says, at most 1,024 bytes, escaped; or what kept it from deciding.
    pub reason: String,
    /// Whether something kept the handler from deciding, and its plugin wants the host to stop then.
    pub failed: bool,
}

/// One handler of a chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChainStep {
    /// The handler, `hook:plugin:<id>:<name>`.
    pub handler: Arc<str>,
    /// What it made of the data.
    pub decision: StepDecision,
    /// What the host did not do of what the handler wanted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<Note>,
    /// The receipt of its call; `None` if there was no call. The decision is what it replied.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub call: Option<Box<Record>>,
}

/// What a handler made of the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum StepDecision {
    /// Nothing.
    Proceed,
    /// It changed these fields; none, if what it wanted to change was dropped.
    Change {
        /// Their names, in order.
        fields: Vec<String>,
    },
    /// It wants the host to stop.
    Block {
        /// Why, at most 1,024 bytes, escaped.
        reason: String,
    },
    /// Something kept it from deciding.
    Failed {
        /// What.
        why: Cow<'static, str>,
        /// What its plugin wants to follow from that.
        fail: Fail,
    },
    /// It was there when the chain began and is gone: its plugin was unloaded, or replaced by one without it.
    Gone,
}

/// Something that a handler wanted and did not get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Note {
    /// It changed fields that handlers may not change here. They stay as they were.
    DroppedFields {
        /// Their names, at most 16, each escaped and at most 64 bytes long.
        fields: Vec<String>,
    },
    /// With its change the data would not be what the point says that it is. The whole change was dropped.
    DroppedChange {
        /// Which rule it breaks.
        why: String,
    },
    /// It wanted the host to stop, which handlers cannot do here.
    IgnoredBlock,
}

impl ChainReceipt {
    /// Who stopped the host, if anybody did.
    pub fn blocked(&self) -> Option<&Block> {
        match &self.verdict {
            ChainVerdict::Proceed => None,
            ChainVerdict::Block(block) => Some(block),
        }
    }
}

/// A line for the chain, and one for each of its steps, which is indented.
impl fmt::Display for ChainReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}] {}", self.point, self.subject, self.verdict)?;
        write!(f, " in {:?}", self.duration)?;
        if let Some(fault) = &self.fault {
            write!(f, ", fault: {fault}")?;
        }
        self.steps
            .iter()
            .try_for_each(|step| write!(f, "\n  {step}"))
    }
}

impl fmt::Display for ChainVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proceed => f.write_str("proceeds"),
            Self::Block(block) => block.fmt(f),
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.failed { " (fail closed)" } else { "" };
        write!(f, "blocked by {}{how}: {}", self.by, self.reason)
    }
}

impl fmt::Display for ChainStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.handler, self.decision)?;
        if let Some(call) = &self.call {
            write!(f, " in {:?}", call.duration)?;
            if let Some(message) = &call.message {
                write!(f, " ({message})")?;
            }
        }
        self.notes.iter().try_for_each(|note| write!(f, "; {note}"))
    }
}

impl fmt::Display for StepDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proceed => f.write_str("proceeds"),
            Self::Change { fields } if fields.is_empty() => f.write_str("changes nothing"),
            Self::Change { fields } => write!(f, "changes {}", fields.join(", ")),
            Self::Block { reason } => write!(f, "blocks: {reason}"),
            Self::Failed { why, fail } => {
                let fail = match fail {
                    Fail::Open => "open",
                    Fail::Closed => "closed",
                };
                write!(f, "fails {fail}: {why}")
            }
            Self::Gone => f.write_str("is gone"),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DroppedFields { fields } => {
                write!(f, "may not change {}", fields.join(", "))
            }
            Self::DroppedChange { why } => write!(f, "its change was dropped: {why}"),
            Self::IgnoredBlock => f.write_str("nothing can be blocked here"),
        }
    }
}
