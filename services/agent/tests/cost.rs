//! What is counted of answers that no server counts, and of those that are not taken.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use async_trait::async_trait;
use common::{Office, failed, item};
use portcullis_agent::model::{Answer, Ask, Model, ProviderError, ToolCall};
use portcullis_agent::{Agent, Entry, Outcome};
use portcullis_scripted::Script;
use serde_json::json;

/// Asks for a tool, with an id that is none or too long, and counts no tokens.
struct Unnamed(usize);

#[async_trait]
impl Model for Unnamed {
    async fn complete(&self, ask: &Ask) -> Result<Answer, ProviderError> {
        let is_first = ask.messages.len() < 3;
        let call = |id: &str| ToolCall {
            id: id.to_owned(),
            tool: "read_file".to_owned(),
            arguments: json!({"path": "x".repeat(self.0)}),
        };
        Ok(match is_first {
            true => Answer {
                tool_calls: vec![call(""), call(&"x".repeat(129)), call("own")],
                ..Answer::default()
            },
            false => Answer {
                content: Some("Done.".to_owned()),
                ..Answer::default()
            },
        })
    }
}

/// Proves E7: uses of tools have ids of a bounded length; what they and the offered tools cost is counted where no server does, as is an answer
/// that is too long to be taken.
#[tokio::test]
async fn what_tools_and_long_answers_cost_is_counted() {
    let office = Office::new(&Script::default());
    let office = office.with_scribe(json!({}), json!({})).await;
    let agent = |arguments: usize| {
        let (host, tools) = (office.rig.host.clone(), office.tools.clone());
        Agent::new(host, Unnamed(arguments), tools, office.options.clone())
    };
    let transcript = agent(400).work(item()).await;
    assert_eq!(transcript.outcome, Outcome::Delivered, "{transcript}");
    let ids = transcript.entries.iter().filter_map(|entry| match entry {
        Entry::Used { call, .. } => Some(call.as_str()),
        _ => None,
    });
    let ids: Vec<_> = ids.collect();
    assert_eq!(ids, ["call-1-0", "call-1-1", "own"]);
    assert!(transcript.usage.completion_tokens > 3 * 100);
    // The three tools of a directory have some hundred bytes each, and are offered twice.
    assert!(transcript.usage.prompt_tokens > 2 * 3 * 25 + 3 * 100);

    let transcript = agent(200_000).work(item()).await;
    failed(&transcript, "bytes, and at most 524288 are taken");
    assert!(transcript.usage.completion_tokens > 150_000);
    let seen = office.seen();
    let mut after = seen.iter().rev();
    let last = after
        .find(|seen| seen["point"] == "model.post_call")
        .unwrap();
    assert_eq!(last["data"]["tool_calls"], json!([]));
    assert_eq!(
        last["data"]["completion_tokens"],
        transcript.usage.completion_tokens
    );
}
