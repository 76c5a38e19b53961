//! `secrets`: read the secrets that an operator set for the plugin.

use std::sync::Arc;

use schemars::JsonSchema;
use secrecy::ExposeSecret;
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
        world: "portcullis:plugin/uses-secrets",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        imports: { default: trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => crate::capability::RoomError },
    });
}

use bindings::portcullis::plugin::secrets as wit;

const PERMISSION: &str = "secret:read";

/// Which secrets a plugin may read; none by default, so that a manifest names those that it wants.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretsScope {
    /// Keys, or beginnings of keys that end in `*`.
    #[serde(default)]
    pub keys: Vec<Pattern>,
}

/// The capability `secrets`. It has the configuration with which the plugin was loaded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Secrets;

/// What a plugin holds of `secrets`.
pub struct SecretsState {
    configuration: Arc<Configuration>,
    scopes: Vec<SecretsScope>,
}

impl Capability for Secrets {
    type Scope = SecretsScope;
    type State = SecretsState;
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "secrets",
        summary: "Read the secrets that the operator set for this plugin.",
        wit: include_str!("../../wit/secrets.wit"),
        gates: &[Gate {
            interface: "portcullis:plugin/secrets",
            version: "0.1.0",
            permission: Some(PERMISSION),
        }],
        scope: RawParser::of::<SecretsScope>(),
    };

    fn state(&self, granted: Granted<'_, SecretsScope>) -> SecretsState {
        SecretsState {
            configuration: granted.configuration.clone(),
            scopes: granted.into_scopes(),
        }
    }

    fn link(linker: &mut Linker<Ctx>, _gate: &Gate) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view)
    }
}

impl SecretsState {
    fn covers(&self, key: &str) -> bool {
        let covers = |scope: &SecretsScope| scope.keys.iter().any(|pattern| pattern.matches(key));
        self.scopes.iter().all(covers)
    }
}

impl wit::Host for RoomView<'_, Secrets> {
    fn get(&mut self, key: String) -> Result<String, RoomError> {
        self.enter(PERMISSION, "secrets.get")?;
        check_key("key", &key).map_err(RoomError::invalid)?;
        if !self.state.covers(&key) {
            let asked = format!("secrets.get {key}");
            return Err(self
                .call
                .deny(PERMISSION, asked, "outside the scope `keys`"));
        }
        let secret = self.state.configuration.secret(&key);
        secret
            .map(|secret| secret.expose_secret().to_owned())
            .ok_or_else(RoomError::not_found)
    }
}
