//! Hides secrets in what tools say, before a model sees it.

mod assignment;
mod email;
mod key_block;
mod rules;
mod span;
mod token;
mod url;
mod value;

use portcullis_sdk::config;
use portcullis_sdk::prelude::*;

use rules::Rules;

#[derive(Default)]
struct Redact;

impl Hooks for Redact {
    fn handle(&self, name: &str, _subject: &Subject, hook: Hook) -> Result<Decision, Failure> {
        match name {
            "hide-secrets" => hook.on(hide),
            other => Err(Failure::unknown(other)),
        }
    }
}

fn hide(mut used: ToolPostExec) -> Result<Verdict<ToolPostExec>, Failure> {
    let rules: Rules = config::all()?;
    let spans = rules.find(&used.output);
    if spans.is_empty() {
        return Ok(Verdict::Proceed);
    }
    let kinds = span::kinds(&spans);
    log::info(
        "secrets were hidden",
        &[
            ("tool", &used.tool),
            ("secrets", &spans.len()),
            ("kinds", &kinds),
        ],
    );
    used.output = span::hide(&used.output, &spans);
    Ok(Verdict::Change(used))
}

portcullis_sdk::plugin!(Redact: hooks);
