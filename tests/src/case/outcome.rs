//! What a case comes to, without what differs from run to run: ids, times, digests, sizes.

use portcullis::Record;
use portcullis::extension::Dispatched;
use portcullis::host::LoadError;
use portcullis::log_record::LogRecord;
use serde_json::{Value, json};

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
