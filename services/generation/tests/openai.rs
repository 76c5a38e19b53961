//! The client against a real server process that speaks the protocol.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use portcullis::write_set::GenerationRequest;
use portcullis_generation::openai::{Endpoint, OpenAi};
use portcullis_generation::{Provider, ProviderError, Storyteller};

/// The server of `examples/`, which cargo builds beside the tests.
struct Server {
    process: Child,
    base_url: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let tests = std::env::current_exe().unwrap();
        let built = tests.parent().unwrap().parent().unwrap();
        let mut process = Command::new(built.join("examples/openai-server"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example openai-server");
        let mut base_url = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut base_url)
            .unwrap();
        Self {
            process,
            base_url: base_url.trim().to_owned(),
        }
    }

    fn client(&self, key: Option<&str>) -> OpenAi {
        let mut endpoint = Endpoint::new(&self.base_url, "stories");
        endpoint.api_key = key.map(Into::into);
        endpoint.timeout = Duration::from_secs(30);
        OpenAi::new(endpoint).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

fn request(prompt: &str) -> GenerationRequest {
    GenerationRequest {
        prompt: prompt.to_owned(),
        system: Some("You tell rumours.".to_owned()),
        max_tokens: 40,
    }
}

/// Proves C6: prompt, system and token limit reach the server, and its text comes back.
#[tokio::test]
async fn a_server_answers() {
    let server = Server::start(&["--key", "sk-right"]);
    let text = server
        .client(Some("sk-right"))
        .generate(&request("Ada?"))
        .await;
    assert_eq!(text, Storyteller.generate(&request("Ada?")).await);
}

/// Proves C6: a wrong key is refused for good, and the error does not hold it.
#[tokio::test]
async fn a_wrong_key_is_refused_and_not_told() {
    let server = Server::start(&["--key", "sk-right"]);
    let refused = server
        .client(Some("sk-canary"))
        .generate(&request("Ada?"))
        .await;
    let Err(ProviderError::Never(why)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        why.contains("401") && why.contains("Incorrect API key"),
        "{why}"
    );
    assert!(!why.contains("canary"), "{why}");
}

/// Proves C6: a server that is busy, or gone, may be tried again; a reply without end is cut off.
#[tokio::test]
async fn a_busy_server_may_be_asked_again() {
    let server = Server::start(&["--busy", "1"]);
    let client = server.client(None);
    let busy = client.generate(&request("Ada?")).await;
    assert!(
        matches!(&busy, Err(ProviderError::Later { after: Some(Duration::ZERO), why }) if why.contains("loading the model")),
        "{busy:?}"
    );
    assert!(client.generate(&request("Ada?")).await.is_ok());
    let endless = client.generate(&request("a tale that is too long")).await;
    assert!(
        matches!(&endless, Err(ProviderError::Never(why)) if why.contains("bytes")),
        "{endless:?}"
    );
    drop(server);
    let gone = client.generate(&request("Ada?")).await;
    assert!(
        matches!(&gone, Err(ProviderError::Later { .. })),
        "{gone:?}"
    );
}
