//! A small server that speaks OpenAI's chat completions protocol, with the storyteller in place of a model: to try a host's generation
//! without one, and for this crate's tests.
//!
//! `openai-server [--key KEY] [--busy N]` prints its address in its first line. With `--key` it answers 401 to requests without that bearer
//! token, with `--busy` 503 to the first N requests. A prompt that holds `too long` gets a reply that never ends.
#![allow(clippy::expect_used, reason = "a tool for trying things out")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use portcullis::write_set::GenerationRequest;
use portcullis_generation::{Provider, Storyteller};
use serde_json::{Value, json};

struct Server {
    key: Option<String>,
    busy: AtomicU64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut key, mut busy) = (None, 0);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--key", Some(value)) => key = Some(value),
            ("--busy", Some(value)) => busy = value.parse().expect("a number"),
            (other, _) => {
                eprintln!("openai-server [--key KEY] [--busy N]; what is `{other}`?");
                std::process::exit(2);
            }
        }
    }
    let server = Arc::new(Server {
        key,
        busy: AtomicU64::new(busy),
    });
    let routes = Router::new()
        .route("/v1/chat/completions", post(complete))
        .with_state(server);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    println!("http://{}/v1", listener.local_addr().expect("an address"));
    axum::serve(listener, routes).await.expect("serving");
}

async fn complete(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    Json(ask): Json<Value>,
) -> Response {
    let took_one = |busy: u64| busy.checked_sub(1);
    if server
        .busy
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, took_one)
        .is_ok()
    {
        let refusal = refuse(StatusCode::SERVICE_UNAVAILABLE, "loading the model");
        return ([(header::RETRY_AFTER, "0")], refusal).into_response();
    }
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if server.key.is_some() && token != server.key.as_deref() {
        return refuse(StatusCode::UNAUTHORIZED, "Incorrect API key provided");
    }
    let said = |role: &str| {
        let messages = ask.get("messages")?.as_array()?;
        let message = messages
            .iter()
            .find(|message| message.get("role").is_some_and(|found| found == role))?;
        message.get("content")?.as_str().map(str::to_owned)
    };
    let Some(prompt) = said("user") else {
        return refuse(StatusCode::BAD_REQUEST, "messages: no message of the user");
    };
    if prompt.contains("too long") {
        let endless =
            futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 65_536]));
        return Response::new(Body::from_stream(endless));
    }
    let max_tokens = ask.get("max_tokens").and_then(Value::as_u64);
    let request = GenerationRequest {
        prompt,
        system: said("system"),
        max_tokens: max_tokens
            .and_then(|most| most.try_into().ok())
            .unwrap_or(256),
    };
    match Storyteller.generate(&request).await {
        Ok(text) => Json(completion(&ask, &text)).into_response(),
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn completion(ask: &Value, text: &str) -> Value {
    json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": ask.get("model"),
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 0, "completion_tokens": text.split(' ').count(), "total_tokens": 0},
    })
}

fn refuse(status: StatusCode, why: &str) -> Response {
    let body = json!({"error": {"message": why, "type": "invalid_request_error", "code": null}});
    (status, Json(body)).into_response()
}
