//! A decision in full: import -> permission -> scope -> decision. What `explain` prints, and what a grant is made from.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::identity::Identity;
use crate::manifest::RawTable;
use crate::problem::Problem;

/// Why a permission is not granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "why", content = "detail")]
#[non_exhaustive]
pub enum Refusal {
    /// No such permission exists.
    Unknown,
    /// The host has no capability or extension that it would open.
    NotOffered,
    /// The policy rules it out.
    Policy,
    /// It needs a switch of the host that is off.
    HostSwitch,
    /// The operator did not accept it.
    Consent,
    /// Its scope cannot be read; the problem names the place.
    Scope(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("no such permission"),
            Self::NotOffered => f.write_str("this host offers nothing that it opens"),
            Self::Policy => f.write_str("the host's policy rules it out"),
            Self::HostSwitch => f.write_str("the host has not switched it on"),
            Self::Consent => f.write_str("the operator has not accepted it"),
            Self::Scope(problem) => write!(f, "its scope cannot be read: {problem}"),
        }
    }
}

/// Granted or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "decision")]
pub enum Decision {
    /// The plugin may use it.
    Granted,
    /// The plugin may not.
    Refused(Refusal),
}

impl Decision {
    /// Whether the plugin may use it.
    pub fn is_granted(&self) -> bool {
        *self == Self::Granted
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted => f.write_str("granted"),
            Self::Refused(refusal) => write!(f, "refused: {refusal}"),
        }
    }
}

/// A permission that the manifest asks for, groups expanded.
#[derive(Clone, Debug, Serialize)]
pub struct PermissionDecision {
    /// The permission.
    pub permission: String,
    /// The group through which it was asked for, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The plugin's reason.
    pub reason: String,
    /// Whether the plugin also runs without it.
    pub optional: bool,
    /// What it allows, in the operator's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<&'static str>,
    /// Why it deserves a second look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub danger: Option<&'static str>,
    /// The scopes that narrow it, the manifest's and the host's; something must be allowed by each.
    #[serde(serialize_with = "as_json")]
    pub scopes: Vec<RawTable>,
    /// Whether one of them is the manifest's.
    #[serde(skip)]
    pub has_own_scope: bool,
    /// The decision.
    #[serde(flatten)]
    pub decision: Decision,
}

fn as_json<S: Serializer>(scopes: &[RawTable], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(scopes.iter().map(RawTable::to_json))
}

/// How an import of the component is satisfied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Linking {
    /// The host's interface is linked.
    Open,
    /// Every function of it answers `denied`: its permission is optional and was not granted.
    Stub,
    /// Only types are shared: nothing can be called.
    Types,
    /// The plugin is refused because of it.
    Refused,
}

/// One import of the component.
#[derive(Clone, Debug, Serialize)]
pub struct ImportDecision {
    /// The import as the component names it.
    pub import: String,
    /// The capability that offers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capability: Option<&'static str>,
    /// The permission that opens it; `None` for an interface that is open to all, and for what no capability offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission: Option<&'static str>,
    /// How it is satisfied.
    pub linking: Linking,
}

/// One extension that the plugin provides.
#[derive(Clone, Debug, Serialize)]
pub struct ExtensionDecision {
    /// The extension.
    pub extension: &'static str,
    /// How many things the manifest contributes by it.
    pub contributions: usize,
    /// The permission that it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission: Option<&'static str>,
    /// Whether the host will call it.
    #[serde(flatten)]
    pub decision: Decision,
}

/// All decisions about a plugin, and the problems that refuse it.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The plugin.
    #[serde(flatten)]
    pub plugin: Identity,
    /// Its permissions, in the order of the manifest.
    pub permissions: Vec<PermissionDecision>,
    /// Its imports, in the order of the component.
    pub imports: Vec<ImportDecision>,
    /// The extensions that it provides.
    pub extensions: Vec<ExtensionDecision>,
    /// What is wrong. An error refuses the plugin.
    pub problems: Vec<Problem>,
}

impl Explanation {
    /// Whether the plugin may run.
    pub fn is_granted(&self) -> bool {
        !self.problems.iter().any(Problem::is_error)
    }
}
