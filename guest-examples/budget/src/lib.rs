//! Decides which model an agent may ask, for how many tokens, and for how much money.

mod ledger;
mod money;
mod plan;

use portcullis_sdk::config;
use portcullis_sdk::prelude::*;

use plan::{Plan, Request, Ruling};

#[derive(Default)]
struct Budget;

impl Hooks for Budget {
    fn handle(&self, name: &str, _subject: &Subject, hook: Hook) -> Result<Decision, Failure> {
        match name {
            "limit" => hook.on(limit),
            "count" => hook.on(count),
            other => Err(Failure::unknown(other)),
        }
    }
}

fn limit(mut call: ModelPreCall) -> Result<Verdict<ModelPreCall>, Failure> {
    let plan: Plan = config::all()?;
    let spent = ledger::spent(&call.run)?;
    let request = Request {
        model: &call.model,
        max_tokens: call.max_tokens,
        prompt_tokens: call.prompt_tokens,
    };
    match plan.rule(request, spent) {
        Ruling::Block(reason) => {
            log::warn(
                "a request is blocked",
                &[("run", &call.run), ("why", &reason)],
            );
            Ok(Verdict::Block(reason))
        }
        Ruling::Ask { model, max_tokens } => {
            if model != call.model {
                log::info(
                    "another model is asked",
                    &[
                        ("run", &call.run),
                        ("wanted", &call.model),
                        ("asked", &model),
                    ],
                );
            }
            call.model = model;
            call.max_tokens = max_tokens;
            Ok(Verdict::Change(call))
        }
    }
}

fn count(call: ModelPostCall) -> Result<Verdict<ModelPostCall>, Failure> {
    let plan: Plan = config::all()?;
    // What has no price was asked for without any limit.
    if let Some(price) = plan.price(&call.model) {
        ledger::add(
            &call.run,
            price.of(call.prompt_tokens, call.completion_tokens),
        )?;
    }
    Ok(Verdict::Proceed)
}

portcullis_sdk::plugin!(Budget: hooks);
