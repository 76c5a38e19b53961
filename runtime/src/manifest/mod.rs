//! The plugin's manifest `plugin.toml`: who the plugin is, what it asks for and what it contributes.
//!
//! [`Manifest::parse`] reads the text and collects every problem it finds, each with its line, its column and the
//! way to mend it. What belongs to a capability (a permission's scope) or to an extension (a contribution) stays a
//! [`RawTable`] until its owner parses it, so that this module knows no room. The table `[config]` is a JSON Schema; see
//! [`configuration`](crate::configuration).
//!
//! `[activation]` says when the plugin is made ready, and so whether it takes memory while nobody calls it:
//!
//! ```toml
//! [activation]
//! on = "first-use"     # or "start-up", which holds without the table, or "first-match"
//! ```
//!
//! See [`Activation`] for what each means, and [`Policy::idle_ms`](crate::Policy::idle_ms) for when a plugin falls asleep again.

mod activation;
mod check;
mod config;
mod contribution;
mod decode;
mod depth;
mod error;
mod file;
mod identity;
mod limits;
mod node;
mod parse;
mod raw;
mod schema;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use semver::{Version, VersionReq};

use crate::configuration::ConfigSchema;
use crate::problem::Location;

pub use activation::Activation;
pub use error::ManifestError;
pub use identity::{IdError, Kind, PluginId};
pub use limits::RequestedLimits;
pub use raw::RawTable;
pub(crate) use text::is_name;

/// A manifest whose every field was checked.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Manifest {
    /// The plugin's id, unique among the plugins of a host.
    pub id: PluginId,
    /// The name that people read, 1 to 80 characters.
    pub name: String,
    /// The plugin's version.
    pub version: Version,
    /// What the plugin does, at most 500 characters.
    pub description: Option<String>,
    /// Who wrote the plugin.
    pub authors: Vec<String>,
    /// The licence, as an SPDX expression.
    pub license: Option<String>,
    /// An `http` or `https` address.
    pub homepage: Option<String>,
    /// What sort of plugin this is.
    pub kind: Kind,
    /// Whether the plugin keeps nothing of a call for the next one, so that a host may have an instance serve all sessions and worlds; see
    /// [`Instances::Shared`](crate::grant::Instances::Shared).
    pub stateless: bool,
    /// The versions of the host that the plugin works with; any version if the manifest names none.
    pub host: VersionReq,
    /// The permissions asked for, in the order of the text. Groups are not expanded here.
    pub permissions: Vec<PermissionRequest>,
    /// What the plugin contributes, in the order of the text.
    pub contributes: Vec<RawContribution>,
    /// The plugins that must be there, with the versions that will do.
    pub dependencies: BTreeMap<PluginId, VersionReq>,
    /// The limits that the plugin asks for; the host's ceilings win.
    pub limits: RequestedLimits,
    /// When the plugin is compiled, loaded and enabled.
    pub activation: Activation,
    /// What an operator can configure; `None` for a plugin that takes no settings.
    pub config: Option<ConfigSchema>,
}

/// A permission, or a group of permissions, that the plugin asks for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PermissionRequest {
    /// The permission (`session:read`) or group (`group:readonly`).
    pub permission: String,
    /// Why the plugin wants it, for the consent screen; 1 to 300 characters.
    pub reason: String,
    /// Whether the plugin works without it.
    pub optional: bool,
    /// The part of the permission that is wanted; the narrowest default if absent.
    pub scope: Option<RawTable>,
    /// Where the manifest asks for it.
    pub location: Location,
}

/// One entry of `[[contributes.<extension>]]`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RawContribution {
    /// The extension's id, for example `conditions`.
    pub extension: String,
    /// The entry, for the extension to parse.
    pub table: RawTable,
}

impl Manifest {
    /// The largest manifest in bytes. A manifest is written by hand: 256 KiB is a hundred times a long one.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// Reads and checks a manifest. `file` is the name that problems carry, for example `plugin.toml`.
    ///
    /// # Errors
    /// All the problems that were found, at most 100 of them, in the order of the text.
    pub fn parse(file: &str, text: &str) -> Result<Self, ManifestError> {
        parse::manifest(file, text)
    }

    /// The JSON Schema of `plugin.toml`, made from the types that read it. Scopes and contributions are open objects.
    pub fn schema() -> serde_json::Value {
        schema::schema()
    }
}
