//! Handlers of hook points: by name, one for each thing that a handler can do, and for each way not to. Tests embed it under many ids, so that
//! several stand in one chain. What each is expected to end in stands in the README of this workspace.

mod ends;
mod garden;

use portcullis_sdk::hooks::{Hook, Verdict};
use portcullis_sdk::prelude::*;

#[derive(Default)]
pub struct Chain;

impl Hooks for Chain {
    fn handle(&self, name: &str, _: &Subject, hook: Hook) -> Result<Decision, Failure> {
        if let Some(label) = name.strip_prefix("label-") {
            return add_label(&hook, label);
        }
        if let Some(label) = name.strip_prefix("expects-") {
            return expect_label(&hook, label);
        }
        match name {
            "proceeds" => Ok(Decision::proceed()),
            "counts" => count(),
            "blocks" | "blocks-too" => Ok(Decision::block("not today")),
            "blocks-at-length" => Ok(Decision::block("no\n".repeat(10_000))),
            "waters-more" => garden::water_more(&hook),
            "waters-too-much" => Decision::change(&json!({ "litres": 9_000 })),

            "oversteps" => Decision::change(&json!({
                "requester": "mallory", "title": "mine", "intruder": { "a": 1 },
            })),
            "oversteps-often" => Decision::change(&many_fields()),
            "takes-the-title" => Decision::change(&json!({ "title": null })),
            "labels-are-text" => Decision::change(&json!({ "title": "mine", "labels": "x" })),
            "turns-fractions" => Decision::change(&json!({ "max_tokens": 7.0 })),
            "turns-huge" => Decision::change(&json!({ "max_tokens": 99_999_999_999_u64 })),
            "changes-a-list" => Decision::change(&json!(["title"])),
            "tells-a-secret" => ends::tell_a_secret(),

            "fails" => ends::fail(),
            "traps" => ends::trap(),
            name if name.starts_with("loops") => ends::never_return(),
            "writes" => ends::write(),
            "reads" => ends::read(),
            other => Err(Failure::unknown(other)),
        }
    }
}

/// Adds a label, behind those of the handlers before.
fn add_label(hook: &Hook, label: &str) -> Result<Decision, Failure> {
    hook.on(|mut item: WorkItemPreCreate| {
        item.labels.push(label.to_owned());
        Ok(Verdict::Change(item))
    })
}

/// Fails unless a handler before has added the label.
fn expect_label(hook: &Hook, label: &str) -> Result<Decision, Failure> {
    hook.on(
        |item: WorkItemPreCreate| match item.labels.iter().any(|there| there == label) {
            true => Ok(Verdict::Proceed),
            false => Err(Failure::new(format!(
                "`{label}` is not there: {:?}",
                item.labels
            ))),
        },
    )
}

/// Counts its calls in a flag.
fn count() -> Result<Decision, Failure> {
    let calls = session::flag::<u32>("calls")?.unwrap_or(0);
    session::set_flag("calls", &(calls + 1))?;
    Ok(Decision::proceed())
}

/// More fields than a receipt names, one of them with a name that is no line.
fn many_fields() -> Value {
    let field = |number| (format!("field-{number}\n"), Value::from(number));
    Value::Object((0..40).map(field).collect())
}

portcullis_sdk::plugin!(Chain: hooks);
