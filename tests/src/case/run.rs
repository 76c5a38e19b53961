//! Runs a case.

use std::path::Path;
use std::time::Duration;

use portcullis::Plugin;
use portcullis::bus::EventSubject;
use portcullis::capability::port::JobState;
use portcullis::extension::commands::Invocation;
use portcullis::extension::run::{Main, Run};
use portcullis::extension::scoring::Candidate;
use portcullis::extension::{Dispatched, Scene};
use portcullis::host::UnloadError;
use serde_json::{Value, json};

use super::file::{Case, Step};
use super::outcome;
use crate::rig::{Rig, ada};

/// How long a request of a case waits for its reply: long enough on a busy machine, short where none is to come.
const REQUEST_MS: u64 = 2_000;

/// Runs the case of a folder; gives what it came to.
///
/// # Panics
/// The case cannot be read, or its plugin is not built.
pub async fn run(folder: &Path) -> Value {
    let case = Case::read(folder);
    assert!(
        !case.proves.is_empty(),
        "{}: `proves` names no feature",
        folder.display()
    );
    let package = case.package(folder);
    let rig = Rig::new(case.policy.policy());
    let id = package.manifest().id.clone();
    rig.settings.set(id, case.settings());
    let mut steps = Vec::new();
    let loaded = match rig.host.load(package, &case.consent()).await {
        Ok(plugin) => {
            for step in &case.steps {
                steps.push(json!({ "do": step.what, "came-to": take(step, &rig, &plugin).await }));
                // What a step emits is heard before the next one.
                rig.host.events_idle().await;
            }
            json!("loaded")
        }
        Err(error) => outcome::refusal(&error),
    };
    let registry: Vec<String> = rig
        .host
        .registry()
        .entries()
        .iter()
        .map(|entry| entry.qualified.clone())
        .collect();
    // In the order in which the calls began: an event may be handled before the receipt of its emitter is written.
    let mut receipts = rig.receipts.all();
    receipts.sort_by_key(|receipt| receipt.id);
    let mut found = json!({
        "load": loaded,
        "steps": steps,
        "receipts": receipts.iter().map(outcome::receipt).collect::<Vec<_>>(),
        "log": rig.log.all().iter().map(outcome::log).collect::<Vec<_>>(),
        "registry": if steps.is_empty() { json!(registry) } else { json!(registry.len()) },
        "flags": Value::Null,
    });
    if let (Some(found), false) = (found.as_object_mut(), case.steps.is_empty()) {
        found.extend(outcome::changed(&rig.state, &case));
    }
    outcome::with_calls_numbered(&found, &receipts)
}

/// What a step came to.
async fn take(step: &Step, rig: &Rig, plugin: &Plugin) -> Value {
    let subject = step.subject.clone().unwrap_or_else(ada);
    let enabled = step.enabled();
    let scene = Scene {
        subject: &subject,
        enabled: &enabled,
    };
    let id = plugin.identity().plugin.clone();
    let (verb, name) = step.what.split_once(' ').unwrap_or((&step.what, ""));
    match verb {
        "condition" => {
            let asked = rig
                .host
                .evaluate(&format!("plugin:{id}:{name}"), scene, &step.params)
                .await;
            json!({ "holds": asked.holds, "call": outcome::dispatched(&asked.dispatched) })
        }
        "effect" => {
            let done = rig
                .host
                .apply(&format!("effect:plugin:{id}:{name}"), scene, &step.params)
                .await;
            json!({ "applied": done.applied, "call": outcome::dispatched(&done.dispatched) })
        }
        "simulation" => {
            let settings = rig.host.simulation(scene).await;
            json!({ "values": settings.values, "providers": calls(&settings.providers) })
        }
        "candidates" => {
            let proposals = rig.host.candidates(scene).await;
            let activities = proposals.activities.iter();
            let activities = activities.map(|one| json!([one.plugin, one.activity, one.proposal]));
            json!({ "activities": activities.collect::<Vec<_>>(), "providers": calls(&proposals.providers) })
        }
        "scoring" => {
            let rescored = rig.host.rescore(scene, &candidates(step)).await;
            json!({ "scores": rescored.scores, "overrides": calls(&rescored.overrides) })
        }
        "invoke" => {
            let command = format!("command:plugin:{id}:{name}");
            let done = rig.host.invoke(&command, scene, invocation(step)).await;
            json!({ "answer": done.answer, "call": outcome::dispatched(&done.dispatched) })
        }
        "hook" => {
            let hooked = rig.host.hook_json(name, scene, step.params.clone()).await;
            hooked.map_or_else(
                |error| json!(error.to_string()),
                |hooked| json!({ "data": hooked.data, "chain": outcome::chain(&hooked.chain) }),
            )
        }
        "emit" => {
            let emitted = rig.host.emit(event(name), payload(step), &subject, "case");
            said(emitted.await)
        }
        "request" => {
            let (subjects, patience) = (event(name), Duration::from_millis(REQUEST_MS));
            let asked = rig
                .host
                .request(subjects, payload(step), &subject, "case", patience);
            asked.await.unwrap_or_else(|error| json!(error.to_string()))
        }
        "events" => json!(rig.host.event_statistics()),
        "run" => json!(plugin.call::<Run>(subject, Main {}).await.outcome),
        "enable" => switched(rig.host.enable(&id).await),
        "disable" => switched(rig.host.disable(&id).await),
        "unload" => switched(rig.host.unload(&id).await),
        "revoke" => {
            plugin.grant().revoke(name);
            json!("revoked")
        }
        "wait" => {
            #[expect(clippy::expect_used, reason = "a test cannot go on")]
            rig.state.clock.advance(name.parse().expect("milliseconds"));
            json!("waited")
        }
        "generate" => {
            rig.state.finish_jobs(&match name {
                "" => JobState::Failed,
                text => JobState::Done(text.to_owned()),
            });
            json!("generated")
        }
        #[expect(clippy::panic, reason = "a test cannot go on")]
        other => panic!("`{other}` is nothing that a case can do"),
    }
}

/// How each of several calls ended, by name.
fn calls<R>(calls: &[(String, Dispatched<R>)]) -> Vec<Value> {
    let call = |(name, call): &(String, _)| json!([name, outcome::dispatched(call)]);
    calls.iter().map(call).collect()
}

/// What the step lets an NPC choose among.
fn candidates(step: &Step) -> Vec<Candidate> {
    let candidates = step.params.get("candidates").cloned().unwrap_or_default();
    #[expect(clippy::expect_used, reason = "a test cannot go on")]
    serde_json::from_value(candidates).expect("`candidates`, each with `activity` and `score`")
}

/// The invocation that the step describes. One correlation for all: those that a host makes differ from run to run.
fn invocation(step: &Step) -> Invocation {
    #[expect(clippy::expect_used, reason = "a test cannot go on")]
    let mut invocation: Invocation =
        serde_json::from_value(Value::Object(step.params.clone())).expect("an invocation");
    invocation.correlation.get_or_insert("case".to_owned());
    invocation
}

/// The subject of an event.
fn event(subject: &str) -> EventSubject {
    #[expect(clippy::expect_used, reason = "a test cannot go on")]
    EventSubject::new(subject).expect("a subject")
}

/// What the step says in an event.
fn payload(step: &Step) -> &Value {
    step.params.get("payload").unwrap_or(&Value::Null)
}

fn switched(result: Result<(), UnloadError>) -> Value {
    match result {
        // Its text holds the receipt, which is among the others.
        Err(UnloadError::Lifecycle(_)) => json!("the plugin refused to start"),
        other => said(other),
    }
}

fn said<E: std::fmt::Display>(result: Result<(), E>) -> Value {
    match result {
        Ok(()) => json!("done"),
        Err(error) => json!(error.to_string()),
    }
}
