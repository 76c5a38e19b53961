//! The plugins of the demo, and what is configured for them.

use std::path::Path;

use portcullis::configuration::Settings;
use portcullis::host::{Candidate, StaticSettings};
use portcullis::{Limits, Policy};
use serde_json::json;

use super::{DemoError, MODEL, script};
use crate::demo::plugins::candidate;

/// The plugins, each in a file of its name.
pub(super) const NAMES: [&str; 3] = ["budget", "guardrail", "redact"];

/// The model that is asked in place of a dear one, where the demo brings its own.
pub(super) const FALLBACK: &str = "small";

/// What one answer may have.
pub(super) const MAX_TOKENS: u32 = 400;

/// Plugins without limits that could matter here: what a busy machine does to time is no part of the demo.
pub(super) fn policy() -> Policy {
    let mut limits = Limits::default();
    limits.wall_ms = 10_000;
    let mut policy = Policy::new().limits(limits);
    policy.hooks.handler_ms = 10_000;
    policy.hooks.chain_ms = 60_000;
    policy
}

/// What is configured. A server of the user's own has models of its own: there the budget limits tokens and money only.
pub(super) fn settings(model: &str) -> StaticSettings {
    let mut budget = Settings::new()
        .value("max_tokens", MAX_TOKENS)
        .value("per_run", 0.05);
    if model == MODEL {
        budget = budget
            .value("allowed_models", json!([FALLBACK]))
            .value("fallback_model", FALLBACK)
            .value(
                "prices",
                json!({FALLBACK: {"prompt": 0.2, "completion": 0.8}}),
            );
    }
    let guardrail = Settings::new()
        .value("phrases", json!([script::PHRASE]))
        .value("disclaimer", script::DISCLAIMER);
    let redact = Settings::new().value("emails", "hide");
    let settings = StaticSettings::new();
    for (name, own) in NAMES.into_iter().zip([budget, guardrail, redact]) {
        if let Ok(id) = name.parse() {
            settings.set(id, own);
        }
    }
    settings
}

/// The plugins without those that are left out. Their manifests are accepted as they are.
pub(super) fn candidates(
    directory: &Path,
    without: &[String],
) -> Result<Vec<Candidate>, DemoError> {
    if let Some(name) = without.iter().find(|name| !NAMES.contains(&name.as_str())) {
        return Err(DemoError::UnknownPlugin { name: name.clone() });
    }
    let kept = NAMES
        .into_iter()
        .filter(|name| !without.iter().any(|out| out == name));
    kept.map(|name| {
        let path = directory.join(format!("{name}.wasm"));
        Ok(candidate(&path, None)?)
    })
    .collect()
}
