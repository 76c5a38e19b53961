//! What a case comes to, without what differs from run to run: ids, times, digests, sizes.

use portcullis::Record;
use portcullis::extension::Dispatched;
use portcullis::host::LoadError;
use portcullis::log_record::LogRecord;
use portcullis::receipt::{ChainReceipt, ChainStep};
use serde_json::{Map, Value, json};

use super::file::Case;
use crate::MemoryState;

/// What a receipt has that differs from run to run.
const VOLATILE: [&str; 5] = ["id", "digest", "duration_ns", "fuel", "peak_memory_bytes"];

pub(super) fn receipt(record: &Record) -> Value {
    let mut value = serde_json::to_value(record).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|key, value| !VOLATILE.contains(&key.as_str()) && !is_nothing(value));
    }
    value
}

/// What says nothing makes a golden file long.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Number(number) => number.as_u64() == Some(0),
        Value::Object(fields) => fields.get("state").is_some_and(|state| state == "none"),
        _ => false,
    }
}

pub(super) fn refusal(error: &LoadError) -> Value {
    match error {
        // Its text holds the receipt, which is among the others.
        LoadError::Lifecycle(_) => json!("the plugin refused to start"),
        other => json!(other.to_string()),
    }
}

/// Why there was no call, or how it ended.
pub(super) fn dispatched<R>(dispatched: &Dispatched<R>) -> Value {
    match dispatched {
        Ok(receipt) => json!(receipt.outcome),
        Err(skip) => json!(format!("not called: {skip}")),
    }
}

/// A chain without its times and its calls, which are among the receipts.
pub(super) fn chain(chain: &ChainReceipt) -> Value {
    let step = |step: &ChainStep| {
        let step =
            json!({ "handler": step.handler, "decision": step.decision, "notes": step.notes });
        without_nothing(step)
    };
    let steps: Vec<_> = chain.steps.iter().map(step).collect();
    without_nothing(json!({ "verdict": chain.verdict, "steps": steps, "fault": chain.fault }))
}

fn without_nothing(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !is_nothing(value));
    }
    value
}

pub(super) fn log(record: &LogRecord) -> Value {
    let fields: String = record
        .fields
        .iter()
        .map(|(key, value)| format!(" {key}={value}"))
        .collect();
    json!(format!(
        "{:?} {}: {}{fields}",
        record.source, record.level, record.message
    ))
}

/// What the plugin has changed: in the session `s1` and among the NPCs of the world `alpha`, in its own store, and which jobs it has submitted.
pub(super) fn changed(state: &MemoryState, case: &Case) -> Map<String, Value> {
    let before = MemoryState::two_worlds();
    let flags_before = before.flags("alpha", "s1");
    let mut flags = state.flags("alpha", "s1");
    flags.retain(|name, value| flags_before.get(name) != Some(value));
    let npc = |state: &MemoryState| {
        let npc = state.npc("alpha", "ada");
        npc.map(|npc| json!({ "info": npc.info, "attributes": npc.attributes }))
    };
    let kv = case.plugin.as_deref().map(|plugin| state.kv(plugin));
    let jobs: Vec<_> = state
        .jobs()
        .iter()
        .map(|job| json!({ "id": job.id, "request": job.request, "state": job.state }))
        .collect();
    let mut changed = Map::from_iter([("flags".to_owned(), json!(flags))]);
    let mut add = |name: &str, value: Value, is_changed: bool| {
        if is_changed {
            changed.insert(name.to_owned(), value);
        }
    };
    add("npc", json!(npc(state)), npc(state) != npc(&before));
    add("kv", json!(kv), kv.is_some_and(|kv| !kv.is_empty()));
    add("jobs", json!(jobs), !jobs.is_empty());
    changed
}

/// The outcome with the ids of calls, which differ from run to run, as the places of their receipts.
pub(super) fn with_calls_numbered(outcome: &Value, receipts: &[Record]) -> Value {
    let mut text = outcome.to_string();
    for (place, receipt) in receipts.iter().enumerate() {
        text = text.replace(&receipt.id.to_string(), &format!("call-{place}"));
    }
    serde_json::from_str(&text).unwrap_or_default()
}
