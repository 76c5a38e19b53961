//! `scoring`: how likely an NPC chooses each activity. An override that fails changes nothing.

mod ballot;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::{
    Dispatched, Entry, Scene, SharedRegistry, by_priority, check_score, dispatch, is_used,
};
use crate::capability::Ctx;
use crate::engine::{Extension, Typed};
use crate::pattern::{MAX_KEY, check_name};
use crate::permission::{ContributionDescriptor, ExtensionDescriptor};
use crate::subject::Context;

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/provides-scoring",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        exports: { default: async },
    });
}

use ballot::Ballot;
use bindings::exports::portcullis::plugin::scoring as wit;

/// The longest name of an activity, in bytes: `plugin:<id>:<name>`, of an id of 63 and a proposed name of the length of a key.
const MAX_ACTIVITY: usize = "plugin:".len() + 63 + ":".len() + MAX_KEY;

/// The extension `scoring`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scoring;

/// What overrides scores, in a manifest.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scorer {
    /// Its name within the plugin; hosts use `scoring:plugin:<id>:<name>`.
    pub name: String,
    /// What it favours, for whoever runs a world with it.
    #[serde(default)]
    pub description: String,
    /// Where two override the same score, the higher priority wins; among equals the plugin that was loaded first.
    #[serde(default)]
    pub priority: i32,
    /// What the subject must have for the scores to be overridden at all.
    #[serde(default)]
    pub requires: Vec<Context>,
}

/// An activity whose conditions hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The activity's id in the NPC's routine, or `plugin:<id>:<name>`.
    pub activity: Arc<str>,
    /// Where it takes place, `None` for wherever the NPC is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Arc<str>>,
    /// How likely it is chosen, as it stands.
    pub score: f64,
}

/// A request to override scores.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rescore {
    /// The contribution's name within the plugin.
    pub name: Arc<str>,
    /// What the NPC may choose among, with the scores as they stood before any override.
    pub candidates: Arc<[Candidate]>,
}

/// A score that a plugin sets. The host has checked it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Override {
    /// The activity: 1 to 199 bytes, no control characters. One that is no candidate changes nothing.
    pub activity: String,
    /// The score of each candidate of this activity, a finite number from 0 on.
    pub score: f64,
}

impl Extension for Scoring {
    type Contribution = Scorer;
    type Bound = bindings::ProvidesScoringIndices;
    const DESCRIPTOR: ExtensionDescriptor = ExtensionDescriptor {
        id: "scoring",
        summary: "Overrides of how likely an NPC chooses each activity.",
        wit: include_str!("../../../wit/scoring.wit"),
        export: "portcullis:plugin/scoring",
        version: "0.1.0",
        permission: Some("behavior:configure_simulation"),
        scope: None,
        operations: &["rescore"],
        contribution: Some(ContributionDescriptor::of::<Scorer>("scoring:plugin:")),
        on_match: false,
        on_failure: "it overrides nothing; the others count",
    };

    fn bind(pre: &InstancePre<Ctx>) -> wasmtime::Result<Self::Bound> {
        bindings::ProvidesScoringIndices::new(pre)
    }
}

impl Typed for Scoring {
    type Request = Rescore;
    type Reply = Vec<Override>;
    type Exports = bindings::ProvidesScoring;

    fn exports(
        bound: &Self::Bound,
        store: &mut Store<Ctx>,
        instance: &Instance,
    ) -> wasmtime::Result<Self::Exports> {
        bound.load(store, instance)
    }

    fn operation(request: &Rescore) -> Arc<str> {
        request.name.clone()
    }

    async fn enter(
        exports: &Self::Exports,
        store: &mut Store<Ctx>,
        request: &Rescore,
    ) -> wasmtime::Result<Result<Vec<Override>, String>> {
        let subject = store.data().call.subject().into();
        let candidates: Vec<_> = request.candidates.iter().map(handed_over).collect();
        let reply = exports
            .portcullis_plugin_scoring()
            .call_rescore(store, &request.name, &subject, &candidates)
            .await?;
        Ok(reply.and_then(checked))
    }
}

fn handed_over(candidate: &Candidate) -> wit::Candidate {
    wit::Candidate {
        activity: candidate.activity.to_string(),
        location: candidate.location.as_ref().map(ToString::to_string),
        score: candidate.score,
    }
}

/// What a plugin replied as the host uses it, or which rule it breaks. How long it is, the size of a result limits.
fn checked(overrides: Vec<wit::Override>) -> Result<Vec<Override>, String> {
    let checked = |(place, one): (usize, wit::Override)| {
        let argument = format!("overrides[{place}].activity");
        check_name(&argument, &one.activity, MAX_ACTIVITY)?;
        check_score(&format!("overrides[{place}].score"), one.score)?;
        Ok(Override {
            activity: one.activity,
            score: one.score,
        })
    };
    overrides.into_iter().enumerate().map(checked).collect()
}

/// The scores that the plugins of a world came to.
#[derive(Debug, Default)]
pub struct Rescored {
    /// The scores of the candidates, in their order.
    pub scores: Vec<f64>,
    /// What became of each contribution of the plugins that the world uses, by qualified name, the highest priority first.
    pub overrides: Vec<(String, Dispatched<Vec<Override>>)>,
}

/// Lets all plugins of the scene's world override the scores. Without one, or without candidates, nobody is called: this runs for
/// each NPC and tick.
pub(crate) async fn rescore(
    registry: &SharedRegistry,
    scene: Scene<'_>,
    candidates: &[Candidate],
) -> Rescored {
    let scores = candidates.iter().map(|one| one.score).collect();
    let mut rescored = Rescored {
        scores,
        overrides: Vec::new(),
    };
    let used = |entry: &Entry| !candidates.is_empty() && is_used(entry, scene);
    let scorers = by_priority::<Scoring>(registry, used, |one| one.priority);
    if scorers.is_empty() {
        return rescored;
    }
    let asked: Arc<[Candidate]> = candidates.into();
    let mut ballot = Ballot::new(candidates);
    for qualified in scorers {
        let request = |entry: &Entry, _: &Scorer| Rescore {
            name: entry.name.clone(),
            candidates: Arc::clone(&asked),
        };
        let dispatched =
            dispatch::<Scoring>(registry, &qualified, scene, |one| &one.requires, request).await;
        if let Ok(receipt) = &dispatched {
            ballot.take(receipt.reply.iter().flatten());
        }
        rescored.overrides.push((qualified, dispatched));
    }
    ballot.count(candidates, &mut rescored.scores);
    rescored
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Proves E5: what breaks a rule names the rule.
    #[test]
    fn the_rules_of_a_reply() {
        let reply = |activity: &str, score| {
            checked(vec![wit::Override {
                activity: activity.to_owned(),
                score,
            }])
        };
        assert_eq!(
            reply("dance", 0.0),
            Ok(vec![Override {
                activity: "dance".to_owned(),
                score: 0.0
            }])
        );
        for score in [f64::NAN, f64::INFINITY, -1.0] {
            let refused = reply("dance", score).unwrap_err();
            assert!(refused.starts_with("overrides[0].score: must be"));
        }
        // The longest name that a proposal of another plugin has.
        let longest = format!("plugin:{}:{}", "i".repeat(63), "n".repeat(128));
        assert!(reply(&longest, 1.0).is_ok());
        let refused = reply(&format!("{longest}n"), 1.0).unwrap_err();
        assert_eq!(
            refused,
            "overrides[0].activity: must have 1 to 199 bytes, has 200"
        );
        let refused = reply("", 1.0).unwrap_err();
        assert!(refused.starts_with("overrides[0].activity: must have"));
    }
}
