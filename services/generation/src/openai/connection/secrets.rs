//! Keeping credentials out of errors: what an operator wrote, and what a server says back.

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

/// What an error of a server may say in the host's log.
const MAX_ERROR_CHARS: usize = 200;

/// What stands in the place of a credential.
const HIDDEN: &str = "[hidden]";

/// The credentials that a server is sent.
pub(super) struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(super) fn of(url: &Url, key: Option<&SecretString>) -> Self {
        let query = url.query_pairs().map(|(_, value)| value.into_owned());
        let address = url.password().map(str::to_owned).into_iter().chain(query);
        let secrets = address.map(SecretString::from).chain(key.cloned());
        let mut secrets: Vec<_> = secrets
            .filter(|secret| !secret.expose_secret().is_empty())
            .collect();
        // One may hold another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Self(secrets)
    }

    /// What a server said, without credentials and cut.
    pub(super) fn quote(&self, said: &str) -> String {
        let said = self.0.iter().fold(said.to_owned(), |said, secret| {
            said.replace(secret.expose_secret(), HIDDEN)
        });
        said.chars().take(MAX_ERROR_CHARS).collect()
    }
}

/// An address, also one that is none, without user, password, query and fragment.
pub(super) fn without_credentials(base_url: &str) -> String {
    let address = base_url.split(['?', '#']).next().unwrap_or_default();
    let Some((before, host)) = address.rsplit_once('@') else {
        return address.to_owned();
    };
    match before.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://{host}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_a_server_says_back_is_hidden() {
        let url = Url::parse("https://ada:pass-canary@h/v1?key=query-canary&empty=").unwrap();
        let secrets = Secrets::of(&url, Some(&SecretString::from("sk-canary")));
        let said = secrets.quote("wrong: sk-canary, pass-canary, query-canary.");
        assert_eq!(said, "wrong: [hidden], [hidden], [hidden].");
        // A key that is cut is no less one.
        let long = format!("{}sk-canary", "x".repeat(MAX_ERROR_CHARS - 4));
        assert_eq!(secrets.quote(&long).len(), MAX_ERROR_CHARS);
        assert!(!secrets.quote(&long).contains("sk-"));
    }
}
