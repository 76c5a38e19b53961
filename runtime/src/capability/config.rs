//! `config`: read the plugin's own configuration.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use wasmtime::component::Linker;

use super::{Capability, Ctx, Granted, HasRoom, RoomError, RoomView};
use crate::configuration::Configuration;
use crate::pattern::{Pattern, check_key};
use crate::permission::{CapabilityDescriptor, Gate, RawParser};

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/uses-config",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        imports: { default: trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => crate::capability::RoomError },
    });
}

use bindings::portcullis::plugin::config as wit;

const PERMISSION: &str = "config:read";

/// Which values of its configuration a plugin may read; all by default.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigScope {
    /// Keys, or beginnings of keys that end in `*`.
    #[serde(default = "every_key")]
    pub keys: Vec<Pattern>,
}

impl Default for ConfigScope {
    fn default() -> Self {
        Self { keys: every_key() }
    }
}

fn every_key() -> Vec<Pattern> {
    vec![Pattern::any()]
}

/// The capability `config`. It has the configuration with which the plugin was loaded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Config;

/// What a plugin holds of `config`.
pub struct ConfigState {
    configuration: Arc<Configuration>,
    scopes: Vec<ConfigScope>,
}

impl Capability for Config {
    type Scope = ConfigScope;
    type State = ConfigState;
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "config",
        summary: "Read its own configuration: what the operator set, over the defaults of the manifest.",
        wit: include_str!("../../wit/config.wit"),
        gates: &[Gate {
            interface: "portcullis:plugin/config",
            version: "0.1.0",
            permission: Some(PERMISSION),
        }],
        scope: RawParser::of::<ConfigScope>(),
    };

    fn state(&self, granted: Granted<'_, ConfigScope>) -> ConfigState {
        ConfigState {
            configuration: granted.configuration.clone(),
            scopes: granted.into_scopes(),
        }
    }

    fn link(linker: &mut Linker<Ctx>, _gate: &Gate) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view)
    }
}

impl ConfigState {
    fn covers(&self, key: &str) -> bool {
        let covers = |scope: &ConfigScope| scope.keys.iter().any(|pattern| pattern.matches(key));
        self.scopes.iter().all(covers)
    }
}

impl wit::Host for RoomView<'_, Config> {
    fn get(&mut self, key: String) -> Result<String, RoomError> {
        self.enter(PERMISSION, "config.get")?;
        check_key("key", &key).map_err(RoomError::invalid)?;
        if !self.state.covers(&key) {
            let asked = format!("config.get {key}");
            return Err(self
                .call
                .deny(PERMISSION, asked, "outside the scope `keys`"));
        }
        let value = self.state.configuration.value(&key);
        value
            .map(ToString::to_string)
            .ok_or_else(RoomError::not_found)
    }

    fn list_keys(&mut self) -> Result<Vec<String>, RoomError> {
        self.enter(PERMISSION, "config.list-keys")?;
        let keys = self.state.configuration.keys();
        let covered = keys.filter(|key| self.state.covers(key));
        Ok(covered.map(str::to_owned).collect())
    }
}
