//! The shapes of `plugin.toml`, one struct a table: serde reads them and the JSON Schema is made from them.
//!
//! A value whose content is checked later keeps its place in the text (`Spanned`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::activation::Activation;
use super::identity::{ID_PATTERN, Kind};
use super::limits::RequestedLimits;

/// The tables of a manifest.
pub(super) const TABLES: [&str; 8] = [
    "plugin",
    "compatibility",
    "permissions",
    "contributes",
    "dependencies",
    "limits",
    "activation",
    "config",
];

/// The whole file, for the schema; it is read table by table so that each can report its own problem.
#[derive(JsonSchema)]
#[schemars(title = "plugin.toml", deny_unknown_fields)]
#[allow(dead_code)]
pub(super) struct ManifestFile {
    /// Who the plugin is.
    plugin: PluginTable,
    /// What the plugin works with.
    #[schemars(default)]
    compatibility: CompatibilityTable,
    /// The permissions (`session:read`) and groups (`group:readonly`) that the plugin asks for.
    #[schemars(default)]
    permissions: BTreeMap<String, PermissionTable>,
    /// What the plugin contributes: arrays of tables by extension. The keys of a table belong to the extension.
    #[schemars(default)]
    contributes: BTreeMap<String, Vec<serde_json::Map<String, serde_json::Value>>>,
    /// Other plugins that must be there: plugin id = semver range.
    #[schemars(default)]
    dependencies: BTreeMap<String, String>,
    /// The limits that the plugin asks for; the host's ceilings win.
    #[schemars(default)]
    limits: RequestedLimits,
    /// When the plugin is compiled, loaded and enabled; at the host's start-up if absent.
    #[schemars(with = "Option<ActivationTable>")]
    activation: Option<()>,
    /// What an operator can configure: a JSON Schema of draft 2020-12 with the type `object` implied. A property with `secret = true` is a
    /// secret: a string without a default. References lead to `#/$defs/NAME`.
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    config: Option<()>,
}

/// `[plugin]`
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PluginTable {
    /// The plugin's id, unique among the plugins of a host.
    #[schemars(with = "String", regex(pattern = ID_PATTERN))]
    pub(super) id: Spanned<String>,
    /// The name that people read.
    #[schemars(with = "String", length(min = 1, max = 80))]
    pub(super) name: Spanned<String>,
    /// The plugin's version, for example `0.1.0`.
    #[schemars(with = "String")]
    pub(super) version: Spanned<String>,
    /// What the plugin does.
    #[schemars(with = "Option<String>", length(max = 500))]
    pub(super) description: Option<Spanned<String>>,
    /// Who wrote the plugin.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) authors: Vec<Spanned<String>>,
    /// The licence, as an SPDX expression.
    #[schemars(with = "Option<String>", length(max = 200))]
    pub(super) license: Option<Spanned<String>>,
    /// An `http` or `https` address.
    #[schemars(with = "Option<String>", regex(pattern = "^https?://"))]
    pub(super) homepage: Option<Spanned<String>>,
    /// What sort of plugin this is.
    #[serde(default)]
    pub(super) kind: Kind,
    /// Whether the plugin keeps nothing of a call for the next one: no caches, no counters. A host whose policy agrees then has one warm
    /// instance serve all sessions and worlds.
    #[serde(default)]
    pub(super) stateless: bool,
}

/// `[compatibility]`
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CompatibilityTable {
    /// A semver range on the host's version; any version if absent.
    #[schemars(with = "Option<String>")]
    pub(super) host: Option<Spanned<String>>,
}

/// `[activation]`
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActivationTable {
    /// What makes the plugin ready.
    pub(super) on: Activation,
}

/// `[permissions."<permission>"]`
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PermissionTable {
    /// Why the plugin wants it; the consent screen shows it.
    #[schemars(with = "String", length(min = 1, max = 300))]
    pub(super) reason: Spanned<String>,
    /// Whether the plugin works without it.
    #[serde(default)]
    pub(super) optional: bool,
    /// The part of the permission that is wanted; its keys belong to the capability.
    #[serde(default)]
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    #[allow(dead_code)]
    pub(super) scope: Option<ScopeTaken>,
}

/// The scope is taken out of the table before serde reads the rest; this names the key for serde's list of keys.
#[derive(Deserialize)]
pub(super) struct ScopeTaken {}
