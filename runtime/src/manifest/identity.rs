//! What a plugin is called and what sort it is.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::text::excerpt;

/// The grammar of a plugin id, for schemas and hints.
pub(super) const ID_PATTERN: &str = "^[a-z0-9][a-z0-9-]{1,62}$";

/// A plugin's id: 2 to 63 lowercase letters, digits and hyphens, not starting with a hyphen. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginId(Arc<str>);

/// A text that is no plugin id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a plugin id: use lowercase letters, digits and hyphens, 2 to 63 characters, not starting with a hyphen"
)]
#[non_exhaustive]
pub struct IdError {
    /// The text, shortened and with control characters escaped.
    pub text: String,
}

impl PluginId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PluginId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let body = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits =
            (2..=63).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(body);
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(IdError {
                text: excerpt(text),
            })
        }
    }
}

impl TryFrom<&str> for PluginId {
    type Error = IdError;

    fn try_from(text: &str) -> Result<Self, IdError> {
        text.parse()
    }
}

impl TryFrom<String> for PluginId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<PluginId> for String {
    fn from(id: PluginId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl AsRef<str> for PluginId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for PluginId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl JsonSchema for PluginId {
    fn schema_name() -> Cow<'static, str> {
        "PluginId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": ID_PATTERN })
    }
}

impl fmt::Display for PluginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for PluginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What sort of plugin this is. It sorts lists for people; permissions decide what a plugin may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// Adds behaviour: conditions, effects, simulation.
    #[default]
    Feature,
    /// Answers HTTP requests.
    Route,
    /// Reacts to events.
    EventHandler,
    /// Stands before other handlers.
    Middleware,
    /// Connects an outside service.
    Integration,
    /// Runs on another machine.
    Remote,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Feature => "feature",
            Self::Route => "route",
            Self::EventHandler => "event-handler",
            Self::Middleware => "middleware",
            Self::Integration => "integration",
            Self::Remote => "remote",
        })
    }
}
