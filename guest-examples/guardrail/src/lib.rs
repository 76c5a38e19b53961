//! Keeps an agent's tools within rules, and what it says within others.

mod command;
mod edit;
mod glob;
mod path;
mod rule;

use portcullis_sdk::config;
use portcullis_sdk::prelude::*;

use rule::Rule;

#[derive(Default)]
struct Guardrail;

impl Hooks for Guardrail {
    fn handle(&self, name: &str, _subject: &Subject, hook: Hook) -> Result<Decision, Failure> {
        match name {
            "check-tool" => hook.on(check),
            "edit-response" => hook.on(edit),
            other => Err(Failure::unknown(other)),
        }
    }
}

fn check(call: ToolPreExec) -> Result<Verdict<ToolPreExec>, Failure> {
    // Without rules nobody said that anything is allowed.
    let rules: Vec<Rule> = config::get("rules")?.ok_or("there are no rules")?;
    let arguments = Value::Object(call.arguments);
    let mut rules = rules.iter();
    let broken = rules.find(|rule| rule.is_broken(&call.tool, &arguments));
    match broken {
        None => Ok(Verdict::Proceed),
        Some(rule) => {
            log::warn(
                "a tool is blocked",
                &[("tool", &call.tool), ("rule", &rule.reason())],
            );
            Ok(Verdict::block(rule.reason()))
        }
    }
}

fn edit(mut response: ResponsePreDeliver) -> Result<Verdict<ResponsePreDeliver>, Failure> {
    let phrases: Vec<String> = config::get("phrases")?.unwrap_or_default();
    let disclaimer: String = config::get("disclaimer")?.unwrap_or_default();
    response.text = edit::without(&response.text, &phrases);
    response.text = edit::with_disclaimer(response.text, &disclaimer);
    Ok(Verdict::Change(response))
}

portcullis_sdk::plugin!(Guardrail: hooks);
