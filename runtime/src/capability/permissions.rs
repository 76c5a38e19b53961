//! `permissions`: a plugin asks what it holds.

use wasmtime::component::Linker;

use super::{Capability, Ctx, Granted, HasRoom, RoomError, RoomView};
use crate::permission::{CapabilityDescriptor, Gate, RawParser};

/// The bindings of the interface.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/uses-permissions",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        imports: { default: trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => crate::capability::RoomError },
    });
}

use bindings::portcullis::plugin::permissions as wit;

/// The capability `permissions`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Permissions;

impl Capability for Permissions {
    type Scope = super::NoScope;
    type State = ();
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "permissions",
        summary: "Ask which permissions this plugin holds.",
        wit: include_str!("../../wit/permissions.wit"),
        gates: &[Gate {
            interface: "portcullis:plugin/permissions",
            version: "0.1.0",
            permission: None,
        }],
        scope: RawParser::of::<super::NoScope>(),
    };

    fn state(&self, _granted: Granted<'_, super::NoScope>) {}

    fn link(linker: &mut Linker<Ctx>, _gate: &Gate) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view)
    }
}

impl wit::Host for RoomView<'_, Permissions> {
    fn has(&mut self, permission: String) -> wasmtime::Result<bool> {
        match self.count() {
            Ok(()) => Ok(self.call.grant().holds(&permission)),
            Err(error) => error.into_answer().map(|_| false),
        }
    }

    fn require(&mut self, permission: String) -> Result<(), RoomError> {
        self.count()?;
        if self.call.grant().holds(&permission) {
            return Ok(());
        }
        Err(self
            .call
            .deny_ungranted(&permission, "permissions.require".to_owned(), "not granted"))
    }
}
