//! An agent on a host with the plugin `scribe`, and a model that is a process with a script.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use portcullis::configuration::Settings;
use portcullis_agent::model::{Endpoint, OpenAi};
use portcullis_agent::{
    Agent, Bounds, Directory, NewWorkItem, Options, Outcome, Tool, Toolbox, Transcript,
};
use portcullis_scripted::{Process, Received, Script};
use portcullis_tests::plugins::plugin;
use portcullis_tests::rig::Rig;
use serde_json::{Value, json};

/// The server of `examples/`, which cargo builds beside the tests.
pub(crate) fn serve(script: &Script) -> Process {
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().unwrap().parent().unwrap();
    let program = Command::new(built.join("examples/scripted-server"));
    Process::start(program, script).expect("the example scripted-server")
}

/// An agent and what stands around it.
pub(crate) struct Office {
    pub(crate) rig: Rig,
    pub(crate) server: Process,
    pub(crate) options: Options,
    pub(crate) tools: Toolbox,
    pub(crate) place: tempfile::TempDir,
}

impl Office {
    /// A model with this script, and the tools of a directory that has the file `notes.txt`. No plugins.
    pub(crate) fn new(script: &Script) -> Self {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("notes.txt"), "buy milk\n").unwrap();
        let tools = Directory::open(place.path()).unwrap().writing();
        let mut options = Options::new("alpha", "large");
        // A machine that is busy fails no test; a server that is waited for in vain does not hold one up.
        options.bounds = Bounds {
            run: Duration::from_secs(60),
            backoff: Duration::from_millis(1),
            ..Bounds::default()
        };
        Self {
            rig: Rig::default(),
            server: serve(script),
            options,
            tools: Toolbox::new().with_all(tools).unwrap(),
            place,
        }
    }

    /// With the plugin `scribe`, which blocks and changes what these say.
    pub(crate) async fn with_scribe(self, block: Value, change: Value) -> Self {
        let settings = Settings::new()
            .value("block", block)
            .value("change", change);
        self.with("scribe", settings).await
    }

    /// With a plugin.
    pub(crate) async fn with(self, name: &str, settings: Settings) -> Self {
        self.rig.settings.set(name.parse().unwrap(), settings);
        self.rig.load_package(plugin(name)).await;
        self
    }

    pub(crate) fn tool(mut self, tool: impl Tool) -> Self {
        self.tools = self.tools.with(tool).unwrap();
        self
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        let mut endpoint = Endpoint::new(self.server.base_url(), "");
        endpoint.timeout = Duration::from_secs(30);
        endpoint
    }

    pub(crate) fn agent(&self) -> Agent {
        self.agent_at(&self.endpoint())
    }

    pub(crate) fn agent_at(&self, endpoint: &Endpoint) -> Agent {
        let model = OpenAi::new(endpoint).unwrap();
        Agent::new(
            self.rig.host.clone(),
            model,
            self.tools.clone(),
            self.options.clone(),
        )
    }

    /// Works on what the tests always ask for.
    pub(crate) async fn work(&self) -> Transcript {
        self.agent().work(item()).await
    }

    /// What the scribe has seen, in order.
    pub(crate) fn seen(&self) -> Vec<Value> {
        let store = self.rig.state.kv("scribe").into_iter();
        let seen = store.filter(|(key, _)| key.starts_with("seen/"));
        seen.map(|(_, entry)| entry.value).collect()
    }

    /// The points at which the scribe was asked, in order.
    pub(crate) fn points(&self) -> Vec<String> {
        let seen = self.seen();
        let points = seen.iter().map(|seen| seen["point"].as_str().unwrap());
        points.map(str::to_owned).collect()
    }
}

pub(crate) fn item() -> NewWorkItem {
    NewWorkItem::new("Sum up", "Sum up notes.txt.").requester("ada")
}

/// The messages of a request, as `[role, content]`.
pub(crate) fn messages(received: &Received) -> Vec<(String, String)> {
    let messages = received.body["messages"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    messages
        .map(|message| (text(&message["role"]), text(&message["content"])))
        .collect()
}

/// What the model was told last.
pub(crate) fn last(received: &[Received]) -> String {
    messages(received.last().unwrap()).pop().unwrap().1
}

#[track_caller]
pub(crate) fn failed(transcript: &Transcript, why: &str) {
    match &transcript.outcome {
        Outcome::Failed { why: said } => assert!(said.contains(why), "{said}"),
        _ => panic!("{transcript}"),
    }
}

/// No blocks, no changes.
pub(crate) fn nothing() -> Value {
    json!({})
}
