//! Decides which model an agent may ask, for how many tokens, and for how much money.

mod ledger;
mod money;
mod plan;
mod tokens;

use portcullis_sdk::config;
use portcullis_sdk::prelude::*;

use ledger::Ledger;
use plan::{Plan, Request, Ruling};

#[derive(Default)]
struct Budget;

impl Hooks for Budget {
    fn handle(&self, name: &str, subject: &Subject, hook: Hook) -> Result<Decision, Failure> {
        match name {
            "limit" => hook.on(|call| limit(&subject.world, call)),
            "count" => hook.on(|call| count(&subject.world, call)),
            other => Err(Failure::unknown(other)),
        }
    }
}

fn limit(world: &str, mut call: ModelPreCall) -> Result<Verdict<ModelPreCall>, Failure> {
    let plan: Plan = config::all()?;
    let ledger = Ledger::of(world, &call.run);
    let spent = ledger.spent()?;
    let request = Request {
        model: &call.model,
        max_tokens: call.max_tokens,
        // The host has counted before handlers changed the messages.
        prompt_tokens: call.prompt_tokens.max(tokens::estimate(&call.messages)),
    };
    match plan.rule(request, spent) {
        Ruling::Block(reason) => {
            log::warn(
                "a request is blocked",
                &[("run", &call.run), ("why", &reason)],
            );
            Ok(Verdict::Block(reason))
        }
        Ruling::Ask {
            model,
            max_tokens,
            cost,
        } => {
            // What could not be counted would be for free.
            if let Some(cost) = cost {
                ledger.check(cost)?;
            }
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

fn count(world: &str, call: ModelPostCall) -> Result<Verdict<ModelPostCall>, Failure> {
    let plan: Plan = config::all()?;
    // What has no price was asked for without any limit.
    if let Some(price) = plan.price(&call.model) {
        let cost = price.of(call.prompt_tokens, call.completion_tokens);
        Ledger::of(world, &call.run).add(cost)?;
    }
    Ok(Verdict::Proceed)
}

portcullis_sdk::plugin!(Budget: hooks);
