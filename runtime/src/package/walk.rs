//! The cheap pass over a component: structure, counts and weights, bounded in depth, time and memory.
//!
//! It keeps its own stack and never looks into function bodies. What it lets through, the validator can read safely.

use std::rc::Rc;

use wasmparser::{
    CanonicalFunction, Chunk, ComponentExport, ComponentInstance, Encoding, FromReader, Instance,
    Parser, Payload, SectionLimited,
};

use super::cost::{Totals, at_most};
use super::module::Module;
use super::section::Manifests;
use super::space::{Item, pick};
use super::validate::FEATURES;
use super::weigh::Spaces;
use super::{Counts, Package, PackageError, ScanLimits};

/// What the walk found.
pub(super) struct Walked<'a> {
    pub(super) counts: Counts,
    /// The names of the imports of the component, in order.
    pub(super) imports: Vec<&'a str>,
    /// The names of the exports of the component, in order.
    pub(super) exports: Vec<&'a str>,
    pub(super) manifests: Manifests<'a>,
}

/// Walks a component.
pub(super) fn walk(bytes: &[u8]) -> Result<Walked<'_>, PackageError> {
    let mut walk = Walk::default();
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    let mut around = Vec::new();
    let mut rest = bytes;
    loop {
        let at = parser.offset();
        let chunk = parser
            .parse(rest, true)
            .map_err(|error| cut_or_malformed(&error, at))?;
        let Chunk::Parsed { consumed, payload } = chunk else {
            return Err(PackageError::Truncated { offset: at });
        };
        rest = rest.get(consumed..).unwrap_or_default();
        match payload {
            Payload::ModuleSection { parser: inner, .. } => {
                walk.open_module()?;
                around.push(std::mem::replace(&mut parser, inner));
            }
            Payload::ComponentSection { parser: inner, .. } => {
                walk.open_component()?;
                around.push(std::mem::replace(&mut parser, inner));
            }
            Payload::End(_) => {
                let Some(outer) = around.pop() else { break };
                parser = outer;
                walk.close()?;
            }
            other => walk.section(other)?,
        }
    }
    walk.finish()
}

/// The parser could not go on: the file ends early, or what follows is no section.
fn cut_or_malformed(error: &wasmparser::Error, offset: u64) -> PackageError {
    if error.message().contains("unexpected end") {
        return PackageError::Truncated { offset };
    }
    PackageError::malformed(error)
}

#[derive(Default)]
struct Walk<'a> {
    spaces: Spaces<'a>,
    /// The module that is being read, if one is.
    module: Option<Module>,
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
    manifests: Manifests<'a>,
}

impl<'a> Walk<'a> {
    fn open_module(&mut self) -> Result<(), PackageError> {
        self.spaces.cost.core_modules(1)?;
        self.module = Some(Module::default());
        Ok(())
    }

    fn open_component(&mut self) -> Result<(), PackageError> {
        self.spaces.cost.components(1)?;
        self.spaces.enter()
    }

    fn close(&mut self) -> Result<(), PackageError> {
        if let Some(module) = self.module.take() {
            self.spaces.here.modules.push(module.finish());
            return Ok(());
        }
        let space = self.spaces.leave();
        let mut totals = space.totals;
        totals.nested_core_instances = totals.core_instances;
        totals.component_instances = totals.component_instances.saturating_add(1);
        self.spaces.here.components.push(Item {
            members: Some(Rc::new(space.exports)),
            totals: Some(Rc::new(totals)),
            ..Item::of(space.weight.saturating_add(1))
        });
        Ok(())
    }

    fn finish(mut self) -> Result<Walked<'a>, PackageError> {
        self.spaces.cost.components(1)?;
        let mut totals = self.spaces.here.totals;
        totals.component_instances = totals.component_instances.saturating_add(1);
        totals.check()?;
        Ok(Walked {
            counts: self.spaces.cost.counts(&totals),
            imports: self.imports,
            exports: self.exports,
            manifests: self.manifests,
        })
    }

    fn section(&mut self, payload: Payload<'a>) -> Result<(), PackageError> {
        if !matches!(payload, Payload::CodeSectionEntry(_)) {
            self.spaces.cost.sections(1)?;
        }
        if let Payload::CustomSection(custom) = &payload {
            if custom.name() == Package::MANIFEST_SECTION {
                let nested = self.module.is_some() || self.spaces.depth() > 0;
                self.manifests.add(custom.data(), nested);
            }
            return Ok(());
        }
        if let Some(module) = &mut self.module {
            return module.section(payload, &mut self.spaces.cost);
        }
        if let Some((_, range)) = payload.as_section() {
            let bytes = range.end.saturating_sub(range.start);
            self.spaces.cost.component_bytes(bytes)?;
        }
        self.component_section(payload)
    }

    fn component_section(&mut self, payload: Payload<'a>) -> Result<(), PackageError> {
        match payload {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if self.spaces.depth() == 0 => Err(PackageError::CoreModule),
            Payload::CoreTypeSection(section) => each(section, |ty| self.spaces.add_core_type(&ty)),
            Payload::ComponentTypeSection(section) => each(section, |ty| self.spaces.add_type(&ty)),
            Payload::ComponentAliasSection(section) => {
                each(section, |alias| self.spaces.add_alias(&alias))
            }
            Payload::InstanceSection(section) => {
                each(section, |instance| self.core_instance(&instance))
            }
            Payload::ComponentInstanceSection(section) => {
                each(section, |instance| self.instance(&instance))
            }
            Payload::ComponentCanonicalSection(section) => {
                each(section, |function| self.canonical(&function))
            }
            Payload::ComponentImportSection(section) => each(section, |import| {
                let item = self.spaces.used(&import.ty)?;
                self.spaces.here.weigh(&item);
                self.spaces.here.push(import.ty.kind(), item);
                self.note_import(import.name.name)
            }),
            Payload::ComponentExportSection(section) => {
                each(section, |export| self.export(&export))
            }
            _ => Ok(()),
        }
    }

    fn note_import(&mut self, name: &'a str) -> Result<(), PackageError> {
        if self.spaces.depth() == 0 {
            self.imports.push(name);
        }
        at_most("imports", self.imports.len() as u64, ScanLimits::IMPORTS)
    }

    fn export(&mut self, export: &ComponentExport<'a>) -> Result<(), PackageError> {
        let item = self.spaces.here.get(export.kind, export.index);
        self.spaces.cost.type_uses(item.weight)?;
        // An ascribed type can only hide members; the item behind it stays what it is.
        if let Some(ty) = &export.ty {
            self.spaces.used(ty)?;
        }
        self.spaces.export(export.name.name, export.kind, item);
        if self.spaces.depth() == 0 {
            self.exports.push(export.name.name);
        }
        at_most("exports", self.exports.len() as u64, ScanLimits::EXPORTS)
    }

    fn core_instance(&mut self, instance: &Instance<'a>) -> Result<(), PackageError> {
        match instance {
            Instance::Instantiate { module_index, args } => {
                let module = pick(&self.spaces.here.modules, *module_index);
                self.spaces
                    .cost
                    .type_uses(module.weight.saturating_add(args.len() as u64))?;
                self.instantiate(module.totals.as_deref(), "core module")
            }
            Instance::FromExports(exports) => self.spaces.cost.type_uses(exports.len() as u64),
        }
    }

    fn instance(&mut self, instance: &ComponentInstance<'a>) -> Result<(), PackageError> {
        match instance {
            ComponentInstance::Instantiate {
                component_index,
                args,
            } => {
                let component = pick(&self.spaces.here.components, *component_index);
                self.spaces.cost.type_uses(component.weight)?;
                for arg in args {
                    let item = self.spaces.here.get(arg.kind, arg.index);
                    self.spaces.cost.type_uses(item.weight)?;
                }
                self.instantiate(component.totals.as_deref(), "component")?;
                self.spaces.here.instances.push(Item {
                    totals: None,
                    ..component
                });
            }
            ComponentInstance::FromExports(exports) => {
                let mut weight = 1_u64;
                let mut members = std::collections::BTreeMap::new();
                for export in exports {
                    let item = self.spaces.here.get(export.kind, export.index);
                    self.spaces.cost.type_uses(item.weight)?;
                    weight = weight.saturating_add(item.weight);
                    members.insert(export.name.name, item);
                }
                let members = Some(Rc::new(members));
                self.spaces.here.instances.push(Item {
                    members,
                    ..Item::of(weight)
                });
            }
        }
        Ok(())
    }

    /// Counts an instantiation into the component that makes it.
    fn instantiate(
        &mut self,
        totals: Option<&Totals>,
        kind: &'static str,
    ) -> Result<(), PackageError> {
        let totals = totals.ok_or(PackageError::UnknownInstantiation { kind })?;
        self.spaces.here.totals.add(totals);
        self.spaces.here.totals.check()
    }

    fn canonical(&mut self, function: &CanonicalFunction) -> Result<(), PackageError> {
        match function {
            CanonicalFunction::Lift { type_index, .. } => {
                let item = pick(&self.spaces.here.types, *type_index);
                self.spaces.cost.type_uses(item.weight)?;
                self.spaces.here.functions.push(item);
                Ok(())
            }
            CanonicalFunction::Lower { func_index, .. } => {
                let item = pick(&self.spaces.here.functions, *func_index);
                self.spaces.cost.type_uses(item.weight)
            }
            _ => self.spaces.cost.type_uses(1),
        }
    }
}

/// Reads the items of a section one by one.
fn each<'a, T: FromReader<'a>>(
    section: SectionLimited<'a, T>,
    mut read: impl FnMut(T) -> Result<(), PackageError>,
) -> Result<(), PackageError> {
    for item in section {
        read(item.map_err(|error| PackageError::malformed(&error))?)?;
    }
    Ok(())
}
