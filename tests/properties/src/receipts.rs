//! Receipts: whatever a call was, its receipt is one line for people, and the same again after its way through JSON.

use std::sync::Arc;
use std::time::Duration;

use portcullis::hook_point::Fail;
use portcullis::identity::{CallId, Identity};
use portcullis::log_record::escape;
use portcullis::package::Digest;
use portcullis::receipt::{
    Block, ChainReceipt, ChainStep, ChainVerdict, Commit, Denial, Note, RoomCalls, StepDecision,
};
use portcullis::{Outcome, Receipt, Record, Subject};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::input::Input;
use crate::plain::one_line;

/// Receipts from bytes; or, if they begin with `{`, what claims to be one in JSON.
///
/// - A receipt that was written as JSON and read again is the same.
/// - It is one line, and one more for each step of a chain; ids of the host's own choosing do not break out of it.
/// - JSON that reads as a receipt reads the same after being written; nothing panics at what does not.
pub fn receipts(bytes: &[u8]) {
    if bytes.first() == Some(&b'{') {
        reread::<Record>(bytes);
        reread::<Receipt<bool>>(bytes);
        reread::<ChainReceipt>(bytes);
        return;
    }
    let mut input = Input::new(bytes);
    let record = record(&mut input);
    one_line(&record.to_string());
    same(&record);
    let reply = (record.outcome == Outcome::Returned).then(|| input.flag());
    let receipt = Receipt {
        record: Box::new(record),
        reply,
    };
    one_line(&receipt.to_string());
    same(&receipt);
    let chain = chain(&mut input);
    let text = chain.to_string();
    assert_eq!(text.split('\n').count(), 1 + chain.steps.len(), "{text:?}");
    text.split('\n').for_each(one_line);
    same(&chain);
}

fn same<T: Serialize + DeserializeOwned>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    let read: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
}

fn reread<T: Serialize + DeserializeOwned + ToString>(bytes: &[u8]) {
    if let Ok(read) = serde_json::from_slice::<T>(bytes) {
        let _shown = read.to_string();
        same(&read);
    }
}

/// What the host lets through of a plugin's text.
fn escaped(input: &mut Input<'_>) -> String {
    escape(&input.text(40), 30)
}

/// Ids of hosts are whatever a host takes: they may come from users.
fn subject(input: &mut Input<'_>) -> Subject {
    let mut subject = Subject::world(input.text(12));
    if input.flag() {
        subject = subject.session(input.text(12));
    }
    if input.flag() {
        subject = subject.npc(input.text(12));
    }
    if input.flag() {
        subject = subject.caller(input.text(12));
    }
    subject
}

fn identity(input: &mut Input<'_>) -> Identity {
    let text = input.text(20);
    Identity {
        plugin: text
            .parse()
            .unwrap_or_else(|_| "some-plugin".parse().unwrap()),
        version: semver::Version::parse(&input.text(20)).unwrap_or(semver::Version::new(1, 2, 3)),
        digest: Digest::of(text.as_bytes()),
    }
}

fn record(input: &mut Input<'_>) -> Record {
    let outcome = input.one(&Outcome::ALL);
    let writes = usize::from(input.byte());
    let id = format!("{:016x}-{:012x}", input.number(), input.number());
    Record {
        id: id.parse::<CallId>().unwrap(),
        plugin: Arc::new(identity(input)),
        extension: input.one(&["conditions", "effects", "hooks"]).into(),
        operation: input.one(&["evaluate", "apply", "on-hook"]).into(),
        subject: subject(input),
        outcome,
        blame: outcome.blame(),
        message: input.flag().then(|| escaped(input)),
        duration: Duration::from_nanos(input.number()),
        fuel: input.flag().then(|| input.number()),
        peak_memory_bytes: input.number(),
        room_calls: input.few(4, |input| RoomCalls {
            capability: input.one(&["log", "kv"]).into(),
            calls: input.number(),
        }),
        denials: input.few(3, |input| Denial {
            permission: input.one(&["kv:read", "world:read"]).to_owned(),
            asked: escaped(input),
            why: escaped(input),
        }),
        more_denials: input.number(),
        dropped_log_records: input.number(),
        commit: input.one(&[
            Commit::None,
            Commit::Committed { writes },
            Commit::Discarded { writes },
            Commit::Refused { writes },
            Commit::Unknown { writes },
        ]),
        emitted: usize::from(input.byte()),
        lost_events: usize::from(input.byte()),
        attempts: u32::from(input.byte()),
    }
}

fn chain(input: &mut Input<'_>) -> ChainReceipt {
    let block = |input: &mut Input<'_>| Block {
        by: escaped(input).into(),
        reason: escaped(input),
        failed: input.flag(),
    };
    ChainReceipt {
        point: input.one(&["tool.pre_exec", "message"]).into(),
        subject: subject(input),
        verdict: match input.flag() {
            true => ChainVerdict::Block(block(input)),
            false => ChainVerdict::Proceed,
        },
        duration: Duration::from_nanos(input.number()),
        steps: input.few(4, step),
        fault: input.flag().then(|| escaped(input)),
    }
}

fn step(input: &mut Input<'_>) -> ChainStep {
    let fail = input.one(&[Fail::Open, Fail::Closed]);
    let decision = match input.byte() % 5 {
        0 => StepDecision::Proceed,
        1 => StepDecision::Change {
            fields: input.few(3, escaped),
        },
        2 => StepDecision::Block {
            reason: escaped(input),
        },
        3 => StepDecision::Failed {
            why: escaped(input).into(),
            fail,
        },
        _ => StepDecision::Gone,
    };
    ChainStep {
        handler: escaped(input).into(),
        decision,
        notes: input.few(3, |input| match input.byte() % 3 {
            0 => Note::DroppedFields {
                fields: input.few(3, escaped),
            },
            1 => Note::DroppedChange {
                why: escaped(input),
            },
            _ => Note::IgnoredBlock,
        }),
        call: input.flag().then(|| Box::new(record(input))),
    }
}
