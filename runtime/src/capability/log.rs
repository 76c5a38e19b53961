//! `log`: write log records.

use schemars::JsonSchema;
use serde::Deserialize;
use wasmtime::component::Linker;

use super::{Capability, Ctx, Granted, HasRoom, RoomError, RoomView};
use crate::log_record::Level;
use crate::permission::{CapabilityDescriptor, Gate, RawParser};

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/uses-log",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        imports: { default: trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => crate::capability::RoomError },
    });
}

use bindings::portcullis::plugin::log as wit;

const PERMISSION: &str = "log:emit";
const MAX_FIELDS: usize = 16;

/// Which levels a plugin may use; all by default.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogScope {
    /// The levels: `debug`, `info`, `warn`, `error`.
    #[serde(default = "all_levels")]
    pub levels: Vec<Level>,
}

impl Default for LogScope {
    fn default() -> Self {
        Self {
            levels: all_levels(),
        }
    }
}

fn all_levels() -> Vec<Level> {
    vec![Level::Debug, Level::Info, Level::Warn, Level::Error]
}

/// The capability `log`. Records go to the host's [`LogSink`](super::LogSink).
#[derive(Clone, Copy, Debug, Default)]
pub struct Log;

impl Capability for Log {
    type Scope = LogScope;
    type State = Vec<LogScope>;
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "log",
        summary: "Write log records, tagged with the plugin, its version and the call.",
        wit: include_str!("../../wit/log.wit"),
        gates: &[Gate {
            interface: "portcullis:plugin/log",
            version: "0.1.0",
            permission: Some(PERMISSION),
        }],
        scope: RawParser::of::<LogScope>(),
    };

    fn state(&self, granted: Granted<'_, LogScope>) -> Vec<LogScope> {
        granted.into_scopes()
    }

    fn link(linker: &mut Linker<Ctx>, _gate: &Gate) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view)
    }
}

impl wit::Host for RoomView<'_, Log> {
    fn emit(
        &mut self,
        level: wit::Level,
        message: String,
        fields: Vec<wit::Field>,
    ) -> Result<(), RoomError> {
        self.enter(PERMISSION, "log.emit")?;
        let level = Level::from(level);
        if !self.state.iter().all(|scope| scope.levels.contains(&level)) {
            return Err(self.call.deny(
                PERMISSION,
                format!("log.emit {level}"),
                "outside the scope `levels`",
            ));
        }
        if fields.len() > MAX_FIELDS {
            return Err(RoomError::invalid(format!(
                "fields: at most {MAX_FIELDS}, got {}",
                fields.len()
            )));
        }
        if let Some(field) = fields
            .iter()
            .find(|field| field.key.is_empty() || field.key.len() > 64)
        {
            return Err(RoomError::invalid(format!(
                "fields: a key has 1 to 64 bytes, one has {}",
                field.key.len()
            )));
        }
        let fields = fields
            .into_iter()
            .map(|field| (field.key, field.value))
            .collect();
        if self.call.log(level, &message, fields) {
            Ok(())
        } else {
            Err(RoomError::over_budget())
        }
    }
}

impl From<wit::Level> for Level {
    fn from(level: wit::Level) -> Self {
        match level {
            wit::Level::Debug => Self::Debug,
            wit::Level::Info => Self::Info,
            wit::Level::Warn => Self::Warn,
            wit::Level::Error => Self::Error,
        }
    }
}
