//! `case.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use portcullis::configuration::Settings;
use portcullis::grant::{Consent, Instances, OnDenied, Policy};
use portcullis::manifest::RawTable;
use portcullis::{EnabledPlugins, Package, PluginId, Subject};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::plugins::{component, embed};
use crate::rig::limits;

/// A case: a plugin, what it is granted, and the calls that are made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The features that the case proves.
    pub proves: Vec<String>,
    /// A built plugin; `component.wat` of the folder where nothing is said. A `plugin.toml` of the folder takes the place of its manifest.
    #[serde(default)]
    pub plugin: Option<String>,
    /// The permissions that the operator accepts; all where nothing is said.
    #[serde(default)]
    pub accept: Option<BTreeSet<String>>,
    /// What the host allows.
    #[serde(default)]
    pub policy: PolicyFile,
    /// What the operator set for the plugin.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The secrets that the operator set for the plugin.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// What is done, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// What the host allows.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyFile {
    deny: BTreeSet<String>,
    switch_on: BTreeSet<String>,
    scope: BTreeMap<String, Value>,
    on_denied: OnDenied,
    warm: Option<usize>,
    wall_ms: Option<u64>,
    handler_ms: Option<u64>,
    log_records: Option<u32>,
    kv_bytes: Option<u64>,
    kv_keys: Option<u64>,
}

/// One thing that is done.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What: `condition NAME`, `effect NAME`, `simulation`, `candidates`, `scoring`, `invoke NAME`, `hook POINT`, `run`, `enable`, `disable`, `unload`,
    /// `revoke PERMISSION`, `wait MS` (on the host's clock), `generate TEXT` (the answer to all jobs that are queued; without a text they
    /// fail), `emit SUBJECT` and `request SUBJECT` (with the parameter `payload`, by the host), `events` (what became of them).
    #[serde(rename = "do")]
    pub what: String,
    /// The parameters; for `scoring` the `candidates`, for `invoke` the invocation, for `hook` the data.
    #[serde(default)]
    pub params: Map<String, Value>,
    /// Whom it is about; the session `s1` of the world `alpha` and its NPC `ada` where nothing is said.
    #[serde(default)]
    pub subject: Option<Subject>,
    /// The world's list of enabled plugins.
    #[serde(default)]
    pub enabled: Option<BTreeSet<PluginId>>,
}

impl Step {
    /// The plugins of the world.
    pub fn enabled(&self) -> EnabledPlugins {
        self.enabled
            .clone()
            .map_or(EnabledPlugins::All, EnabledPlugins::Only)
    }
}

impl Case {
    /// Reads the case of a folder.
    ///
    /// # Panics
    /// It is not there or cannot be read.
    #[expect(clippy::panic, reason = "a test cannot go on")]
    pub fn read(folder: &Path) -> Self {
        let file = folder.join("case.toml");
        let text = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// The plugin of the case.
    ///
    /// # Panics
    /// It is not there.
    #[expect(clippy::panic, reason = "a test cannot go on")]
    pub fn package(&self, folder: &Path) -> Package {
        let built = match &self.plugin {
            Some(name) => component(name),
            None => {
                let wat = folder.join("component.wat");
                wat::parse_file(&wat).unwrap_or_else(|error| panic!("{}: {error}", wat.display()))
            }
        };
        match std::fs::read_to_string(folder.join("plugin.toml")) {
            Ok(manifest) => embed(&built, &manifest),
            Err(_) => Package::parse(built)
                .unwrap_or_else(|error| panic!("{}: {error}", folder.display())),
        }
    }

    /// What the operator set.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::new();
        settings.values.clone_from(&self.settings);
        self.secrets
            .iter()
            .fold(settings, |settings, (key, secret)| {
                settings.secret(key, secret.as_str())
            })
    }

    /// What the operator accepts.
    pub fn consent(&self) -> Consent {
        self.accept
            .clone()
            .map_or(Consent::Everything, Consent::Only)
    }
}

impl PolicyFile {
    /// The policy.
    ///
    /// # Panics
    /// A scope is no table.
    pub fn policy(&self) -> Policy {
        let mut policy = limits(|limits| {
            limits.wall_ms = self.wall_ms.unwrap_or(limits.wall_ms);
            limits.log_records = self.log_records.unwrap_or(limits.log_records);
            limits.kv_bytes = self.kv_bytes.unwrap_or(limits.kv_bytes);
            limits.kv_keys = self.kv_keys.unwrap_or(limits.kv_keys);
        });
        policy.deny.clone_from(&self.deny);
        policy.switched_on.clone_from(&self.switch_on);
        for (permission, scope) in &self.scope {
            #[expect(clippy::expect_used, reason = "a test cannot go on")]
            policy.scopes.insert(
                permission.clone(),
                RawTable::from_json(scope).expect("a scope"),
            );
        }
        if let Some(ms) = self.handler_ms {
            policy.hooks.handler_ms = ms;
        }
        policy.on_denied = self.on_denied;
        if let Some(max_idle) = self.warm {
            policy.instances = Instances::Warm { max_idle };
        }
        policy
    }
}
