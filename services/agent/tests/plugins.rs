//! The example plugins `redact`, `budget` and `guardrail` at an agent's hook points.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{Office, item, last};
use portcullis::configuration::Settings;
use portcullis_agent::{Entry, Outcome, Transcript};
use portcullis_scripted::{Script, Step};
use serde_json::json;

fn read(path: &str) -> Step {
    Step::call("read_file", json!({ "path": path }))
}

/// The models that were asked, and for how many tokens.
fn asked(transcript: &Transcript) -> Vec<(String, u32)> {
    let asked = transcript.entries.iter().filter_map(|entry| match entry {
        Entry::Asked {
            model, max_tokens, ..
        } => Some((model.clone(), *max_tokens)),
        _ => None,
    });
    asked.collect()
}

#[track_caller]
fn blocked(transcript: &Transcript, by: &str, why: &str) {
    match &transcript.outcome {
        Outcome::Blocked {
            by: handler,
            reason,
            ..
        } => {
            assert_eq!(handler, by);
            assert!(reason.contains(why), "{reason}");
        }
        _ => panic!("{transcript}"),
    }
}

/// Proves E7: what a tool reads comes to the model, the transcript and the log without its secrets, and otherwise as it is.
#[tokio::test]
async fn redact_hides_secrets_from_the_model() {
    let office = Office::new(&Script::new([read("shop.env"), Step::say("Done.")]));
    let key = "-----BEGIN PRIVATE KEY-----\nMIIcanary\n-----END PRIVATE KEY-----";
    let file = format!(
        "HOST=db\nDB_PASSWORD=canary1\n{key}\nghp_canary0123456789canary0123456789\nada@example.com\n"
    );
    std::fs::write(office.file("shop.env"), file).unwrap();
    let settings = Settings::new().value("emails", "hide");
    let office = office.with("redact", settings).await;
    let transcript = office.work().await;
    let expected = "HOST=db\nDB_PASSWORD=[redacted: password]\n[redacted: private key]\n[redacted: access token]\n[redacted: e-mail address]\n";
    assert_eq!(last(&office.server.received(2)), expected);
    assert!(!format!("{transcript:?}").contains("canary"));
    let log = office.rig.log.all();
    let told: Vec<_> = log.iter().map(|record| format!("{record:?}")).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("access token, e-mail address, password, private key"));
    assert!(!told[0].contains("canary"));
}

/// Proves E7: the budget asks for another model, for fewer tokens, and keeps what was spent for the runs that follow.
#[tokio::test]
async fn budget_keeps_to_models_and_money() {
    let budget = |per_run: f64, per_day: f64| {
        Settings::new()
            .value("allowed_models", json!(["large", "small"]))
            .value("fallback_model", "small")
            .value("max_tokens", 500)
            .value("per_run", per_run)
            .value("per_day", per_day)
            .value(
                "prices",
                json!({"large": {"prompt": 1_000, "completion": 1_000}, "small": {"prompt": 100, "completion": 100}}),
            )
    };
    let script = || Script::new([read("notes.txt"), Step::say("Done.")]).repeating();

    // 500 tokens of `large` may cost half a dollar, and the conversation a little more.
    let office = Office::new(&script())
        .with("budget", budget(1.0, 10.0))
        .await;
    let transcript = office.work().await;
    assert_eq!(transcript.outcome, Outcome::Delivered, "{transcript}");
    let models = asked(&transcript);
    assert_eq!(
        models,
        [("large".to_owned(), 500), ("small".to_owned(), 500)]
    );
    let received = office.server.received(2);
    assert_eq!(received[1].body["model"], "small");
    assert_eq!(received[1].body["max_tokens"], 500);

    // 100 tokens of each conversation, and those of the answers, at their prices.
    let usage = transcript.usage;
    let store = office.rig.state.kv("budget");
    let run = &store[&*format!("run/alpha/{}", transcript.run)];
    let spent = run.value.as_u64().unwrap();
    let (least, most) = (
        100 * 100 + 100 * 1_000,
        (200 + usage.completion_tokens) * 1_000,
    );
    assert!((least..most).contains(&spent), "{spent}");
    assert!(run.expires_ms.is_some());
    let day = |office: &Office| {
        let store = office.rig.state.kv("budget").into_iter();
        let mut days = store.filter(|(key, _)| key.starts_with("day/"));
        days.next().unwrap().1.value.as_u64().unwrap()
    };
    assert_eq!(day(&office), spent);
    let second = office.work().await;
    assert_eq!(second.outcome, Outcome::Delivered, "{second}");
    assert!(day(&office) > spent, "the day goes over runs");

    // What no model can be paid from is not asked for.
    let office = Office::new(&script())
        .with("budget", budget(0.02, 10.0))
        .await;
    let transcript = office.work().await;
    blocked(&transcript, "hook:plugin:budget:limit", "this run");
    assert_eq!(transcript.usage.answers, 0);
    let office = Office::new(&Script::new([Step::say("Done.")]).repeating())
        .with("budget", budget(0.0, 0.08))
        .await;
    assert_eq!(office.work().await.outcome, Outcome::Delivered);
    blocked(&office.work().await, "hook:plugin:budget:limit", "today");
    // Each world has a budget of its own.
    let mut office = office;
    office.options.workspace = "beta".to_owned();
    assert_eq!(office.work().await.outcome, Outcome::Delivered);
}

/// Proves E7: what the handlers before the budget make of the conversation is what is held against the limit.
#[tokio::test]
async fn budget_looks_at_what_is_sent() {
    let settings = Settings::new()
        .value("max_tokens", 1)
        .value("per_run", 1.0)
        .value("prices", json!({"*": {"prompt": 100, "completion": 0}}));
    let long = json!([{"role": "user", "content": "x".repeat(60_000)}]);
    for (change, is_blocked) in [
        (json!({}), false),
        (json!({"model.pre_call": {"messages": long}}), true),
    ] {
        let office = Office::new(&Script::new([Step::say("Done.")]));
        let office = office.with_scribe(json!({}), change).await;
        let office = office.with("budget", settings.clone()).await;
        let transcript = office.work().await;
        match is_blocked {
            true => blocked(&transcript, "hook:plugin:budget:limit", "this run"),
            false => assert_eq!(transcript.outcome, Outcome::Delivered),
        }
    }
}

/// Proves E7: where there is no room to count what is spent nothing is; the day is counted also if there is none for the run.
#[tokio::test]
async fn budget_blocks_what_it_cannot_count() {
    for (keys, is_blocked) in [(0, true), (1, true), (2, false)] {
        let mut office = Office::new(&Script::new([Step::say("Done.")]).repeating());
        let limits = portcullis_tests::rig::limits(|limits| limits.kv_keys = keys);
        office.rig = portcullis_tests::rig::Rig::with(limits, |builder| builder);
        let office = office.with("budget", Settings::new()).await;
        let transcript = office.work().await;
        match is_blocked {
            true => {
                blocked(&transcript, "hook:plugin:budget:limit", "");
                assert_eq!(office.server.received(0).len(), 0);
            }
            false => {
                assert_eq!(transcript.outcome, Outcome::Delivered, "{transcript}");
                // There is no room for a second run until the first is forgotten.
                blocked(&office.work().await, "hook:plugin:budget:limit", "");
            }
        }
    }
}

/// Proves E7: a model that may not be asked, and without a price cannot be, is not.
#[tokio::test]
async fn budget_refuses_models() {
    for (settings, why) in [
        (
            Settings::new().value("allowed_models", json!(["tiny*"])),
            "the model `large` may not be asked",
        ),
        (
            Settings::new().value("prices", json!({})),
            "the model `large` has no price",
        ),
    ] {
        let office = Office::new(&Script::new([Step::say("Done.")]));
        let office = office.with("budget", settings).await;
        let transcript = office.work().await;
        blocked(&transcript, "hook:plugin:budget:limit", why);
        assert_eq!(office.server.received(0).len(), 0);
    }
}

/// Proves E7: the guardrail's own rules, and an operator's, are kept, and the response is edited.
#[tokio::test]
async fn guardrail_keeps_rules_and_edits() {
    let edits = || {
        Settings::new()
            .value("phrases", json!(["Top Secret"]))
            .value("disclaimer", "Check it.")
    };
    let only_notes = json!([{
        "tools": ["*_file"], "argument": "path", "kind": "path", "allowed": ["notes*"], "reason": "notes only",
    }]);
    for (settings, path, told) in [
        (
            edits(),
            "x/../.git/config",
            "refused: keys and the repository's own files are not for tools",
        ),
        (edits(), "notes.txt", "buy milk\n"),
        (
            edits().value("rules", only_notes.clone()),
            "other.txt",
            "refused: notes only",
        ),
        (
            edits().value("rules", only_notes),
            "./notes.txt",
            "buy milk\n",
        ),
    ] {
        let script = Script::new([read(path), Step::say("It is top secret milk.")]);
        let office = Office::new(&script).with("guardrail", settings).await;
        let transcript = office.work().await;
        assert_eq!(last(&office.server.received(2)), told);
        let expected = "It is [...] milk.\n\nCheck it.";
        assert_eq!(transcript.response(), Some(expected));
    }
}

/// Proves E8: each of the three fails closed, so that one that is disabled lets nothing pass.
#[tokio::test]
async fn a_plugin_that_is_disabled_lets_nothing_pass() {
    for (plugin, told) in [
        ("redact", "the output was withheld: the plugin is disabled"),
        ("guardrail", "refused: the plugin is disabled"),
    ] {
        let script = Script::new([read("notes.txt"), Step::say("Done.")]);
        let office = Office::new(&script).with(plugin, Settings::new()).await;
        office
            .rig
            .host
            .disable(&plugin.parse().unwrap())
            .await
            .unwrap();
        let transcript = office.work().await;
        assert_eq!(last(&office.server.received(2)), told);
        assert_eq!(transcript.response(), Some("Done."));
    }
    let office = Office::new(&Script::default());
    let office = office.with("budget", Settings::new()).await;
    office
        .rig
        .host
        .disable(&"budget".parse().unwrap())
        .await
        .unwrap();
    let transcript = office.agent().work(item()).await;
    blocked(&transcript, "hook:plugin:budget:limit", "disabled");
    assert_eq!(transcript.usage.answers, 0);
}

/// Proves E17: a workspace that does not use a plugin is not held up by it.
#[tokio::test]
async fn a_workspace_without_the_plugin_is_not_held_up() {
    let script = Script::new([read("notes.txt"), Step::say("Done.")]);
    let mut office = Office::new(&script);
    office.rig =
        portcullis_tests::rig::Rig::with(portcullis_tests::rig::limits(|_| {}), |builder| {
            builder.enabled(std::sync::Arc::new(Nothing))
        });
    let office = office.with(
        "guardrail",
        Settings::new().value("rules", json!([{"tools": ["*"], "reason": "no"}])),
    );
    let office = office.await;
    let transcript = office.work().await;
    assert_eq!(last(&office.server.received(2)), "buy milk\n");
    assert!(transcript.receipts().next().is_none());
}

/// No world uses any plugin.
struct Nothing;

impl portcullis::enabled::EnabledSource for Nothing {
    fn enabled(&self, _: &str) -> portcullis::EnabledPlugins {
        portcullis::EnabledPlugins::Only(Default::default())
    }
}
