//! A plugin's linker: the granted imports and nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;

use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{Component, Linker, Type, Val};

use super::error::PrepareError;
use super::host_rooms::AnyCapability;
use crate::capability::{Ctx, RoomError};
use crate::grant::{Grant, ImportDecision, Linking};
use crate::package::InterfaceName;
use crate::permission::Gate;

/// No capability's slot: a call of a stub counts against the budget of host calls, and for no capability.
const NO_SLOT: usize = usize::MAX;

/// Links what the grant says, import by import.
pub(super) fn link(
    component: &Component,
    grant: &Grant,
    capabilities: &[Arc<dyn AnyCapability>],
) -> Result<Linker<Ctx>, PrepareError> {
    let mut linker = Linker::new(component.engine());
    let mut linked = BTreeSet::new();
    for decision in grant.imports() {
        let import = &decision.import;
        match decision.linking {
            Linking::Types | Linking::Refused => {}
            Linking::Stub => stub(
                &mut linker,
                component,
                import,
                decision.permission.unwrap_or_default(),
            )?,
            Linking::Open => {
                let interface = interface_of(import);
                let (room, gate) = decided(decision, &interface, capabilities)?;
                // Two compatible versions of an interface are one for the linker.
                if linked.insert(interface) {
                    room.link(&mut linker, &gate)
                        .map_err(PrepareError::engine)?;
                }
            }
        }
    }
    Ok(linker)
}

/// Whether there is a room for each import that the grant opens.
pub(super) fn check(
    grant: &Grant,
    capabilities: &[Arc<dyn AnyCapability>],
) -> Result<(), PrepareError> {
    let open = |decision: &&ImportDecision| decision.linking == Linking::Open;
    for decision in grant.imports().iter().filter(open) {
        decided(decision, &interface_of(&decision.import), capabilities)?;
    }
    Ok(())
}

/// The interface of an import, without its version.
fn interface_of(import: &str) -> String {
    InterfaceName::parse(import)
        .map(|name| name.interface)
        .unwrap_or_default()
}

/// The room and the gate that the decision was about. A grant may have been decided against another host's catalogue: the same interface
/// of another room, or behind another permission, is not what was decided.
fn decided<'a>(
    decision: &ImportDecision,
    interface: &str,
    capabilities: &'a [Arc<dyn AnyCapability>],
) -> Result<(&'a Arc<dyn AnyCapability>, Gate), PrepareError> {
    let mut rooms = capabilities.iter();
    let found = rooms.find_map(|room| {
        let descriptor = room.descriptor();
        let mut gates = descriptor.gates.iter();
        let gate = gates.find(|gate| gate.interface == interface)?;
        let is_it =
            decision.capability == Some(descriptor.id) && decision.permission == gate.permission;
        is_it.then_some((room, *gate))
    });
    found.ok_or_else(|| PrepareError::NoRoom {
        interface: interface.to_owned(),
    })
}

/// An interface made from its types that touches no port: every function records a denial and answers `denied`.
fn stub(
    linker: &mut Linker<Ctx>,
    component: &Component,
    import: &str,
    permission: &'static str,
) -> Result<(), PrepareError> {
    let ty = component.component_type();
    let engine = component.engine();
    let Some((_, import_type)) = ty.imports(engine).find(|(name, _)| *name == import) else {
        // The component imports it without using it.
        return Ok(());
    };
    let ComponentItem::ComponentInstance(instance) = import_type.ty else {
        return Ok(());
    };
    let functions =
        deniable_functions(component, &instance).map_err(|function| PrepareError::NotDeniable {
            permission,
            interface: import.to_owned(),
            function,
        })?;
    let mut linker = linker.instance(import).map_err(PrepareError::engine)?;
    for (name, denied) in functions {
        let asked = format!("{import}.{name}");
        let answer = move |mut store: wasmtime::StoreContextMut<'_, Ctx>,
                           _,
                           _: &[Val],
                           results: &mut [Val]| {
            let call = store.data_mut().call();
            let refused = call
                .count(NO_SLOT)
                .err()
                .unwrap_or_else(|| call.deny_ungranted(permission, asked.clone(), "not granted"));
            if let RoomError::End(ended) = refused {
                return Err(ended.into());
            }
            if let Some(result) = results.first_mut() {
                *result = denied.answer(permission);
            }
            Ok(())
        };
        linker
            .func_new(&name, answer)
            .map_err(PrepareError::engine)?;
    }
    Ok(())
}

/// How a function says `denied`.
#[derive(Clone, Copy)]
enum Denied {
    /// As a case of an enumeration.
    Enum,
    /// As a case without a payload.
    Bare,
    /// As a case that carries text.
    Text,
}

impl Denied {
    fn answer(self, permission: &str) -> Val {
        let case = "denied".to_owned();
        let error = match self {
            Self::Enum => Val::Enum(case),
            Self::Bare => Val::Variant(case, None),
            Self::Text => Val::Variant(
                case,
                Some(Box::new(Val::String(format!("{permission}: not granted")))),
            ),
        };
        Val::Result(Err(Some(Box::new(error))))
    }
}

/// The functions of an interface and how each says `denied`; else the name of one that cannot.
fn deniable_functions(
    component: &Component,
    instance: &ComponentInstance,
) -> Result<Vec<(String, Denied)>, String> {
    let mut functions = Vec::new();
    for (name, item) in instance.exports(component.engine()) {
        match item.ty {
            ComponentItem::ComponentFunc(function) => {
                let mut results = function.results();
                let denied = results
                    .next()
                    .and_then(|result| how_to_deny(&result))
                    .ok_or_else(|| name.to_owned())?;
                functions.push((name.to_owned(), denied));
            }
            ComponentItem::Type(_) => {}
            // Resources have destructors and methods that cannot answer.
            _ => return Err(name.to_owned()),
        }
    }
    Ok(functions)
}

fn how_to_deny(result: &Type) -> Option<Denied> {
    let Type::Result(result) = result else {
        return None;
    };
    match result.err()? {
        Type::Enum(cases) => cases
            .names()
            .any(|name| name == "denied")
            .then_some(Denied::Enum),
        Type::Variant(variant) => {
            let case = variant.cases().find(|case| case.name == "denied")?;
            match case.ty {
                None => Some(Denied::Bare),
                Some(Type::String) => Some(Denied::Text),
                Some(_) => None,
            }
        }
        _ => None,
    }
}
