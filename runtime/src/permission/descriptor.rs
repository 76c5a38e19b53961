//! What a permission, a capability and an extension are, without any code that runs them.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Catalogue;
use crate::manifest::{PluginId, RawTable};
use crate::problem::Problem;

/// Something that an operator can allow a plugin to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The name that manifests use: `area:verb`.
    pub id: &'static str,
    /// What an operator reads before accepting: "may ...".
    pub consent: &'static str,
    /// Why this permission deserves a second look, if it does.
    pub danger: Option<&'static str>,
    /// Whether the host must also switch it on, whatever an operator accepts. So it is for every dangerous permission of Portcullis itself; an
    /// embedder may declare a dangerous one without.
    pub host_switch: bool,
}

/// A name for several permissions at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name that manifests use: `group:<name>`.
    pub id: &'static str,
    /// What plugins ask for it.
    pub summary: &'static str,
    /// The permissions that it stands for.
    pub members: &'static [&'static str],
}

/// An interface that a capability offers to plugins, and the permission that opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The interface without its version, for example `portcullis:plugin/log`.
    pub interface: &'static str,
    /// The version that the host implements.
    pub version: &'static str,
    /// The permission that opens it; `None` for an interface that every plugin may import.
    pub permission: Option<&'static str>,
}

/// How a capability narrows its permissions. The default is what a plugin gets that names no scope.
pub trait Scope: DeserializeOwned + JsonSchema + Default + Send + Sync + 'static {}

impl<T: DeserializeOwned + JsonSchema + Default + Send + Sync + 'static> Scope for T {}

/// Checks a raw table of a manifest against the type of its owner, and gives that type's JSON Schema.
#[derive(Clone, Copy, Debug)]
pub struct RawParser {
    /// What is wrong with the table, if anything.
    pub check: fn(&RawTable) -> Result<(), Problem>,
    /// The JSON Schema of the type.
    pub schema: fn() -> Value,
}

impl RawParser {
    /// The parser for `T`.
    pub const fn of<T: DeserializeOwned + JsonSchema>() -> Self {
        Self {
            check: |table| table.parse::<T>().map(drop),
            schema: || schemars::schema_for!(T).to_value(),
        }
    }
}

/// A capability: interfaces that a plugin may import.
#[derive(Clone, Copy, Debug)]
pub struct CapabilityDescriptor {
    /// Kebab-case name, the stem of its WIT file and of its room.
    pub id: &'static str,
    /// What it gives to a plugin, in one sentence.
    pub summary: &'static str,
    /// The text of its WIT file.
    pub wit: &'static str,
    /// Its interfaces and what opens each.
    pub gates: &'static [Gate],
    /// How its permissions are narrowed.
    pub scope: RawParser,
}

/// What a contribution is held against before a plugin is granted anything.
#[derive(Clone, Copy, Debug)]
pub struct Admission<'a> {
    /// What the host offers.
    pub catalogue: &'a Catalogue,
    /// The scopes of the extension's permission; the contribution must lie in each of them.
    pub scopes: &'a [RawTable],
    /// That one of them which the manifest itself names, if it names one.
    pub own_scope: Option<&'a RawTable>,
    /// Whose contribution it is.
    pub plugin: &'a PluginId,
}

/// What a manifest says about one thing that an extension contributes.
#[derive(Clone, Copy, Debug)]
pub struct ContributionDescriptor {
    /// What stands before `<plugin>:<name>` in the name that hosts use, for example `effect:plugin:`.
    pub prefix: &'static str,
    /// The type of its table in the manifest.
    pub parser: RawParser,
    /// What else is wrong with a table that the parser has read: it lies outside of a scope, or the host has no use for it.
    pub admits: fn(&RawTable, Admission<'_>) -> Vec<Problem>,
    /// Whether a plugin with a `lifecycle` registers what it contributes while its `load` runs, and what it does not register is not there.
    /// Else all that the manifest says is there.
    pub chosen_by_load: bool,
    /// How many of them a plugin may have. A manifest has a bound for contributions of all kinds; this one is for those that cost more than others.
    pub at_most: usize,
}

impl ContributionDescriptor {
    /// Contributions of the type `T`, which need nothing of the host and have no scope.
    pub const fn of<T: DeserializeOwned + JsonSchema>(prefix: &'static str) -> Self {
        Self {
            prefix,
            parser: RawParser::of::<T>(),
            admits: |_, _| Vec::new(),
            chosen_by_load: true,
            at_most: usize::MAX,
        }
    }

    /// The same contributions, held against this besides.
    #[must_use]
    pub const fn admitted_by(self, admits: fn(&RawTable, Admission<'_>) -> Vec<Problem>) -> Self {
        Self { admits, ..self }
    }

    /// The same contributions, of which none is left out by a plugin's `load`.
    #[must_use]
    pub const fn by_manifest_alone(self) -> Self {
        Self {
            chosen_by_load: false,
            ..self
        }
    }
}

/// An extension: an interface that a plugin may export.
#[derive(Clone, Copy, Debug)]
pub struct ExtensionDescriptor {
    /// Kebab-case name, the key below `contributes` in manifests, the stem of its WIT file and of its room.
    pub id: &'static str,
    /// What a plugin adds to the host with it, in one sentence.
    pub summary: &'static str,
    /// The text of its WIT file.
    pub wit: &'static str,
    /// The exported interface without its version.
    pub export: &'static str,
    /// The version that the host calls.
    pub version: &'static str,
    /// The permission that a plugin needs to provide it.
    pub permission: Option<&'static str>,
    /// How the permission is narrowed; `None` if it is not, or if a capability that the same permission opens says how.
    pub scope: Option<RawParser>,
    /// The functions of the interface.
    pub operations: &'static [&'static str],
    /// What plugins contribute by it; `None` for an extension that is there or not, without names (`lifecycle`).
    pub contribution: Option<ContributionDescriptor>,
    /// Whether the host comes to plugins by itself, because of something that happened, and not because somebody has named what they
    /// contribute. It then wakes plugins that are activated on their first match.
    pub on_match: bool,
    /// What the host does when a call of it fails.
    pub on_failure: &'static str,
}
