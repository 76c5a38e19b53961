//! What an operator set, and what a plugin gets.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::SecretString;
use serde_json::{Map, Value};

/// The shortest secret. A shorter one stands in ordinary text by chance, and hiding it there would ruin the text.
pub const MIN_SECRET_BYTES: usize = 8;

/// The longest secret: 16 KiB, four times a long private key.
pub const MAX_SECRET_BYTES: usize = 16 * 1024;

/// All secrets of a plugin together: 64 KiB. What finds them in text takes about two hundred times as much memory.
pub const MAX_SECRETS_BYTES: usize = 64 * 1024;

/// What an operator set for a plugin. It cannot be serialised, and its debug form shows names only.
#[derive(Clone, Default)]
pub struct Settings {
    /// Values by key.
    pub values: Map<String, Value>,
    /// Secrets by key.
    pub secrets: BTreeMap<String, SecretString>,
}

impl Settings {
    /// Nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a value.
    #[must_use]
    pub fn value(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.values.insert(key.into(), value.into());
        self
    }

    /// With a secret.
    #[must_use]
    pub fn secret(mut self, key: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        self.secrets.insert(key.into(), secret.into());
        self
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.secrets.is_empty()
    }
}

/// A plugin's configuration: settings that were checked against its schema, over the schema's defaults.
///
/// [`ConfigSchema::check`](super::ConfigSchema::check) makes it. It cannot be serialised, and its debug form shows names only.
#[derive(Clone, Default)]
pub struct Configuration {
    pub(super) values: Map<String, Value>,
    pub(super) secrets: BTreeMap<String, SecretString>,
}

impl Configuration {
    /// The value of a key that was set or has a default.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// The keys that have a value, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// A secret that was set.
    pub fn secret(&self, key: &str) -> Option<&SecretString> {
        self.secrets.get(key)
    }

    /// The secrets that were set, in the order of their keys.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &SecretString)> {
        let secrets = self.secrets.iter();
        secrets.map(|(key, secret)| (key.as_str(), secret))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names("Settings", &self.values, &self.secrets, f)
    }
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names("Configuration", &self.values, &self.secrets, f)
    }
}

/// Names only: a secret may stand among the values by mistake.
fn names(
    what: &str,
    values: &Map<String, Value>,
    secrets: &BTreeMap<String, SecretString>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    f.debug_struct(what)
        .field("values", &values.keys().collect::<Vec<_>>())
        .field("secrets", &secrets.keys().collect::<Vec<_>>())
        .finish()
}
