//! The server.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::script::{Script, Step};

/// A request as the server got it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Received {
    /// The key that it bore.
    pub key: Option<String>,
    /// Its body.
    pub body: Value,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    #[error("the script cannot be read from stdin: {0}")]
    Script(#[from] serde_json::Error),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

struct Server {
    script: Script,
    answered: AtomicUsize,
}

/// Serves the script on stdin until the process ends: the program of an example or of a hidden verb. The exit status is 2 for a script that
/// cannot be read, and 3 if the machine has no port.
pub fn main() -> i32 {
    match run() {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            match error {
                ServerError::Script(_) => 2,
                ServerError::Io(_) => 3,
            }
        }
    }
}

fn run() -> Result<(), ServerError> {
    let mut script = String::new();
    std::io::stdin().read_to_string(&mut script)?;
    let script = serde_json::from_str(&script)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(serve(script))?)
}

async fn serve(script: Script) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/v1/chat/completions", post(complete))
        .with_state(Arc::new(Server {
            script,
            answered: AtomicUsize::new(0),
        }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    print(&format!("http://{}/v1", listener.local_addr()?));
    axum::serve(listener, routes).await
}

async fn complete(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let key = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .map(str::to_owned);
    let is_wrong = server.script.key.is_some() && server.script.key != key;
    let model = body.get("model").cloned();
    // Printed before it is answered: whoever has the answer finds the request.
    print(&json!(Received { key, body }).to_string());
    if is_wrong {
        return refuse(StatusCode::UNAUTHORIZED, "Incorrect API key provided");
    }
    let number = server.answered.fetch_add(1, Ordering::SeqCst);
    let Some(step) = server.script.step(number) else {
        return refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the script is at its end",
        );
    };
    answer(step, number, model).await
}

async fn answer(step: &Step, number: usize, model: Option<Value>) -> Response {
    match step {
        Step::Say(text) => completion(model, json!({"role": "assistant", "content": text})),
        Step::Call(calls) => {
            let calls = calls.iter().enumerate();
            let calls: Vec<_> = calls
                .map(|(place, call)| call.wire(number, place))
                .collect();
            let message = json!({"role": "assistant", "content": null, "tool_calls": calls});
            completion(model, message)
        }
        Step::Refuse(status, why) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST);
            // Nobody is to wait for a script.
            ([(header::RETRY_AFTER, "0")], refuse(status, why)).into_response()
        }
        Step::Body(body) => Response::new(Body::from(body.clone())),
        Step::Endless => {
            let endless =
                futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 65_536]));
            Response::new(Body::from_stream(endless))
        }
        Step::Hang => std::future::pending().await,
    }
}

/// A completion, with a usage that can be told from an estimate: 100 tokens in, and one out for each 4 bytes.
fn completion(model: Option<Value>, message: Value) -> Response {
    let reason = match message.get("tool_calls") {
        Some(_) => "tool_calls",
        None => "stop",
    };
    let out = message.to_string().len() / 4;
    Json(json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "finish_reason": reason, "message": message}],
        "usage": {"prompt_tokens": 100, "completion_tokens": out, "total_tokens": 100 + out},
    }))
    .into_response()
}

fn refuse(status: StatusCode, why: &str) -> Response {
    let body = json!({"error": {"message": why, "type": "invalid_request_error", "code": null}});
    (status, Json(body)).into_response()
}

/// A line on stdout. Whoever started the server and does not read it any more does not want it.
fn print(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _nobody = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
