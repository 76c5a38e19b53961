//! The way to a server that speaks the protocol: where it is, the key that it asks for, and what may come back.

mod secrets;

use std::fmt;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};

use super::wire;
use crate::provider::ProviderError;
use secrets::{Secrets, without_credentials};

/// A reply that is longer is no reply: what is asked for is at most some thousand tokens.
const MAX_REPLY_BYTES: usize = 1024 * 1024;

/// Where a server is, and what to ask it for.
#[derive(Clone)]
pub struct Endpoint {
    /// The address up to and without `/chat/completions`, for example `http://localhost:11434/v1`. Its query goes with each request. A user, a
    /// password and a query are shown nowhere.
    pub base_url: String,
    /// The model's name, as the server knows it.
    pub model: String,
    /// The key that the server asks for, if it does. Sent as a bearer token to the server alone, and shown nowhere.
    pub api_key: Option<SecretString>,
    /// How long one request may take.
    pub timeout: Duration,
}

impl Endpoint {
    /// A server that asks for no key. One request may take two minutes: a model on a small machine is slow.
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            model: model.into(),
            api_key: None,
            timeout: Duration::from_secs(120),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("base_url", &without_credentials(&self.base_url))
            .field("model", &self.model)
            .field("api_key", &self.api_key)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The address cannot be used.
    #[error(
        "`{base_url}` is no address of a server: {why}; write it as in http://localhost:11434/v1"
    )]
    BaseUrl {
        /// The address, without user, password and query.
        base_url: String,
        /// Why not.
        why: String,
    },
    /// The key has characters that a header cannot have.
    #[error("the API key has characters that an HTTP header cannot have")]
    ApiKey,
    /// TLS or the client cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

/// A client for one server. Redirects are not followed: the key goes where the operator sent it and nowhere else.
pub struct Connection {
    client: Client,
    url: Url,
    authorization: Option<HeaderValue>,
    secrets: Secrets,
}

impl Connection {
    /// A client for the endpoint's server; its model does not matter. Nothing is sent yet.
    ///
    /// # Errors
    /// The address or the key cannot be used.
    pub fn new(endpoint: &Endpoint) -> Result<Self, EndpointError> {
        let url = completions(&endpoint.base_url)?;
        // One provider for the process; another crate may have chosen it before.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(endpoint.timeout)
            .redirect(Policy::none())
            .build()
            .map_err(|error| EndpointError::Client(error.to_string()))?;
        let authorization = endpoint.api_key.as_ref().map(bearer).transpose()?;
        let secrets = Secrets::of(&url, endpoint.api_key.as_ref());
        Ok(Self {
            client,
            url,
            authorization,
            secrets,
        })
    }

    /// What a server said, or a fault that quotes it, for an error: in at most 200 characters, and without the credentials that the server
    /// was sent.
    pub fn quote(&self, said: &str) -> String {
        self.secrets.quote(said)
    }

    /// Asks for a chat completion: `body` is the request, as JSON, and what comes back is the server's reply, at most 1 MiB of it.
    ///
    /// # Errors
    /// The server cannot be reached, does not answer in time, refuses the request or replies too much. The text holds no credentials.
    pub async fn complete(&self, body: Vec<u8>) -> Result<Vec<u8>, ProviderError> {
        let response = self.send(body).await?;
        let (status, after) = (response.status(), retry_after(&response));
        let body = read(response).await?;
        if !status.is_success() {
            return Err(refused(status, after, self.quote(&wire::complaint(&body))));
        }
        Ok(body)
    }

    async fn send(&self, body: Vec<u8>) -> Result<Response, ProviderError> {
        let mut ask = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        if let Some(authorization) = &self.authorization {
            ask = ask.header(AUTHORIZATION, authorization);
        }
        // Without the address: it may hold credentials.
        ask.send()
            .await
            .map_err(|error| ProviderError::later(chain(&error.without_url())))
    }
}

fn completions(base_url: &str) -> Result<Url, EndpointError> {
    let wrong = |why: String| EndpointError::BaseUrl {
        base_url: without_credentials(base_url),
        why,
    };
    let mut url = Url::parse(base_url).map_err(|error| wrong(error.to_string()))?;
    // Not which it is: where a scheme is missing that is the user's name.
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("its scheme is neither http nor https".to_owned()));
    }
    let path = format!("{}/chat/completions", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.set_fragment(None);
    Ok(url)
}

fn bearer(key: &SecretString) -> Result<HeaderValue, EndpointError> {
    let value = format!("Bearer {}", key.expose_secret());
    let mut value = HeaderValue::from_str(&value).map_err(|_| EndpointError::ApiKey)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The seconds of a `Retry-After`; its other form, a date, is rare and ignored.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

async fn read(mut response: Response) -> Result<Vec<u8>, ProviderError> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| ProviderError::later(chain(&error.without_url())))?
    {
        if body.len() + chunk.len() > MAX_REPLY_BYTES {
            let why = format!("the reply has more than {MAX_REPLY_BYTES} bytes");
            return Err(ProviderError::Never(why));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A server that is busy or broken may do better later; one that refuses the request will refuse it again.
fn refused(status: StatusCode, after: Option<Duration>, said: String) -> ProviderError {
    let why = format!("the server answered {status}: {said}");
    let is_passing = status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT;
    match is_passing {
        true => ProviderError::Later { why, after },
        false => ProviderError::Never(why),
    }
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_leads_to_its_completions() {
        let url = |base| completions(base).map(|url| url.to_string());
        let expected = "http://localhost:11434/v1/chat/completions";
        assert_eq!(url("http://localhost:11434/v1").unwrap(), expected);
        assert_eq!(url("http://localhost:11434/v1/").unwrap(), expected);
        let with_query = url("https://ada:x@h/v1/?key=a%2Fb#c").unwrap();
        assert_eq!(with_query, "https://ada:x@h/v1/chat/completions?key=a%2Fb");
        assert_eq!(url("http://h").unwrap(), "http://h/chat/completions");
        assert!(url("localhost").is_err());
        assert!(url("ftp://localhost").is_err());
    }

    #[test]
    fn a_key_is_not_shown() {
        let mut endpoint = Endpoint::new("http://localhost/v1", "m");
        endpoint.api_key = Some("sk-canary".into());
        assert!(!format!("{endpoint:?}").contains("canary"));
        let authorization = Connection::new(&endpoint).unwrap().authorization;
        assert!(!format!("{authorization:?}").contains("canary"));
    }

    #[test]
    fn an_address_is_shown_without_its_credentials() {
        for base_url in [
            "https://canary:canary@host/v1?key=canary#canary",
            "ftp://canary:canary@host/v1?key=canary",
            "https://canary:canary@host:port/v1?key=canary",
            "canary:canary@host/v1",
        ] {
            let endpoint = Endpoint::new(base_url, "m");
            let shown = format!("{endpoint:?}");
            assert!(
                shown.contains("host") && !shown.contains("canary"),
                "{shown}"
            );
            if let Err(error) = Connection::new(&endpoint) {
                let shown = format!("{error} {error:?}");
                assert!(
                    shown.contains("host") && !shown.contains("canary"),
                    "{shown}"
                );
            }
        }
    }

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        for (status, later) in [
            (400, false),
            (401, false),
            (404, false),
            (408, true),
            (429, true),
            (500, true),
            (503, true),
        ] {
            let error = refused(StatusCode::from_u16(status).unwrap(), None, String::new());
            assert_eq!(
                matches!(error, ProviderError::Later { .. }),
                later,
                "{status}"
            );
        }
    }
}
