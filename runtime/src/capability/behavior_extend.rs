//! `behavior-extend`: register conditions, effects and providers of the simulation, while `lifecycle.load` runs.

use std::collections::BTreeSet;

use wasmtime::component::Linker;

use super::{Capability, Ctx, Granted, HasRoom, NoScope, RoomError, RoomView};
use crate::grant::Grant;
use crate::permission::{CapabilityDescriptor, Gate, RawParser};

/// The bindings of the interfaces.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "portcullis:plugin/uses-behavior-extend",
        with: { "portcullis:plugin/types@0.1.0": crate::capability::types },
        imports: { default: trappable },
        trappable_error_type: { "portcullis:plugin/types@0.1.0.error" => crate::capability::RoomError },
    });
}

use bindings::portcullis::plugin::{configure_simulation, extend_conditions, extend_effects};

/// An interface of this room: what opens it, and the extensions whose contributions it registers by name.
struct Register {
    interface: &'static str,
    permission: &'static str,
    /// What a denial calls them.
    kind: &'static str,
    extensions: &'static [&'static str],
}

const CONDITIONS: Register = Register {
    interface: "portcullis:plugin/extend-conditions",
    permission: "behavior:extend_conditions",
    kind: "conditions",
    extensions: &["conditions"],
};
const EFFECTS: Register = Register {
    interface: "portcullis:plugin/extend-effects",
    permission: "behavior:extend_effects",
    kind: "effects",
    extensions: &["effects"],
};
const SIMULATION: Register = Register {
    interface: "portcullis:plugin/configure-simulation",
    permission: "behavior:configure_simulation",
    kind: "providers",
    extensions: &["simulation", "candidates", "scoring"],
};

const fn gate(register: &Register) -> Gate {
    Gate {
        interface: register.interface,
        version: "0.1.0",
        permission: Some(register.permission),
    }
}

/// The capability `behavior-extend`.
#[derive(Clone, Copy, Debug, Default)]
pub struct BehaviorExtend;

/// The names that the manifest contributes, with their extensions. Nothing else can be registered.
pub struct Contributed(BTreeSet<(&'static str, String)>);

impl Capability for BehaviorExtend {
    type Scope = NoScope;
    type State = Contributed;
    const DESCRIPTOR: CapabilityDescriptor = CapabilityDescriptor {
        id: "behavior-extend",
        summary: "Register conditions, effects and providers of the simulation while loading.",
        wit: include_str!("../../wit/behavior-extend.wit"),
        gates: &[gate(&CONDITIONS), gate(&EFFECTS), gate(&SIMULATION)],
        scope: RawParser::of::<NoScope>(),
    };

    fn state(&self, granted: Granted<'_, NoScope>) -> Contributed {
        let registers = [CONDITIONS, EFFECTS, SIMULATION];
        let names = registers
            .iter()
            .flat_map(|register| contributed(granted.grant, register));
        Contributed(names.collect())
    }

    fn link(linker: &mut Linker<Ctx>, gate: &Gate) -> wasmtime::Result<()> {
        match gate.interface {
            interface if interface == CONDITIONS.interface => {
                extend_conditions::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view)
            }
            interface if interface == EFFECTS.interface => {
                extend_effects::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view)
            }
            _ => configure_simulation::add_to_linker::<_, HasRoom<Self>>(linker, Ctx::view),
        }
    }
}

fn contributed<'a>(
    grant: &'a Grant,
    register: &Register,
) -> impl Iterator<Item = (&'static str, String)> + 'a {
    register.extensions.iter().flat_map(|extension| {
        let contributions = grant.contributions(extension);
        contributions.filter_map(|raw| Some((*extension, raw.name()?)))
    })
}

impl RoomView<'_, BehaviorExtend> {
    /// Registers all that the manifest contributes under the name, in the extensions of the interface.
    fn register(&mut self, register: &Register, name: String) -> Result<(), RoomError> {
        let asked = format!("register {} {name}", register.kind);
        self.enter(register.permission, &asked)?;
        let contributions: Vec<_> = register
            .extensions
            .iter()
            .map(|extension| (*extension, name.clone()))
            .filter(|contribution| self.state.0.contains(contribution))
            .collect();
        if contributions.is_empty() {
            return Err(self.call.deny(
                register.permission,
                asked,
                "the manifest does not contribute it",
            ));
        }
        contributions
            .into_iter()
            .try_for_each(|(extension, name)| self.call.register(extension, name))
    }
}

impl extend_conditions::Host for RoomView<'_, BehaviorExtend> {
    fn register_condition(&mut self, name: String) -> Result<(), RoomError> {
        self.register(&CONDITIONS, name)
    }
}

impl extend_effects::Host for RoomView<'_, BehaviorExtend> {
    fn register_effect(&mut self, name: String) -> Result<(), RoomError> {
        self.register(&EFFECTS, name)
    }
}

impl configure_simulation::Host for RoomView<'_, BehaviorExtend> {
    fn register_provider(&mut self, name: String) -> Result<(), RoomError> {
        self.register(&SIMULATION, name)
    }
}
