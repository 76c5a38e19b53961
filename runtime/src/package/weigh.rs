//! How heavy a type of the component model is.
//!
//! The weight is the size of the type written out as a tree. It bounds what a validator does with one use of the type:
//! copying it with new resources, comparing it, looking for unnamed types in it. Types are shared, so a few bytes can
//! describe a tree of any size; all sums saturate.

use std::rc::Rc;

use wasmparser::{
    ComponentAlias, ComponentDefinedType, ComponentExternalKind, ComponentType,
    ComponentTypeDeclaration, ComponentTypeRef, ComponentValType, CoreType,
    InstanceTypeDeclaration, TypeBounds,
};

use super::cost::Cost;
use super::space::{Item, Space, pick};
use super::{PackageError, ScanLimits};

/// The innermost component or type declaration, those around it, and what all of them cost so far.
#[derive(Default)]
pub(super) struct Spaces<'a> {
    pub(super) here: Space<'a>,
    outer: Vec<Space<'a>>,
    pub(super) cost: Cost,
}

impl<'a> Spaces<'a> {
    /// How many spaces are around the innermost.
    pub(super) fn depth(&self) -> usize {
        self.outer.len()
    }

    /// Opens a space within the innermost one.
    pub(super) fn enter(&mut self) -> Result<(), PackageError> {
        if self.outer.len() >= ScanLimits::NESTING {
            let (what, limit) = ("components and types", ScanLimits::NESTING as u64);
            return Err(PackageError::TooDeep { what, limit });
        }
        self.outer.push(std::mem::take(&mut self.here));
        Ok(())
    }

    /// Closes the innermost space and gives it back.
    pub(super) fn leave(&mut self) -> Space<'a> {
        let around = self.outer.pop().unwrap_or_default();
        std::mem::replace(&mut self.here, around)
    }

    /// Gives the type of a type section the next index.
    pub(super) fn add_type(&mut self, ty: &ComponentType<'a>) -> Result<(), PackageError> {
        self.cost.types(1)?;
        let item = self.item(ty)?;
        if item.depth > ScanLimits::TYPE_DEPTH {
            let limit = u64::from(ScanLimits::TYPE_DEPTH);
            return Err(PackageError::TooDeep {
                what: "value types",
                limit,
            });
        }
        self.here.types.push(item);
        Ok(())
    }

    /// Gives a core type the next index.
    pub(super) fn add_core_type(&mut self, ty: &CoreType<'a>) -> Result<(), PackageError> {
        let size = match ty {
            CoreType::Rec(group) => group.types().len(),
            CoreType::Module(declarations) => declarations.len(),
        };
        self.cost.types(1)?;
        self.here.core_types.push(Item::of(1 + size as u64));
        Ok(())
    }

    /// The item that an import or an export of a type has, and the cost of using its type.
    pub(super) fn used(&mut self, ty: &ComponentTypeRef) -> Result<Item<'a>, PackageError> {
        let mut item = match ty {
            ComponentTypeRef::Module(index) => pick(&self.here.core_types, *index),
            ComponentTypeRef::Func(index)
            | ComponentTypeRef::Instance(index)
            | ComponentTypeRef::Component(index)
            | ComponentTypeRef::Type(TypeBounds::Eq(index)) => pick(&self.here.types, *index),
            ComponentTypeRef::Value(ty) => Item::of(self.value(ty).0),
            ComponentTypeRef::Type(TypeBounds::SubResource) => Item::of(1),
        };
        // A type says nothing of what an instance of it makes.
        item.totals = None;
        self.cost.type_uses(item.weight)?;
        Ok(item)
    }

    /// Follows an alias.
    pub(super) fn add_alias(&mut self, alias: &ComponentAlias<'a>) -> Result<(), PackageError> {
        match alias {
            ComponentAlias::InstanceExport {
                kind,
                instance_index,
                name,
            } => {
                let item = pick(&self.here.instances, *instance_index).member(name);
                self.cost.type_uses(1)?;
                self.here.push(*kind, item);
            }
            ComponentAlias::CoreInstanceExport { .. } => self.cost.type_uses(1)?,
            ComponentAlias::Outer { kind, count, index } => {
                let count = usize::try_from(*count).unwrap_or(usize::MAX);
                let space = match count {
                    0 => Some(&self.here),
                    _ => self
                        .outer
                        .len()
                        .checked_sub(count)
                        .and_then(|at| self.outer.get(at)),
                };
                let item =
                    space.map_or_else(|| Item::of(1), |space| space.get_outer(*kind, *index));
                // A validator searches the whole type for resources of the component that it leaves.
                self.cost.type_uses(item.weight)?;
                self.here.push_outer(*kind, item);
            }
        }
        Ok(())
    }

    fn item(&mut self, ty: &ComponentType<'a>) -> Result<Item<'a>, PackageError> {
        match ty {
            ComponentType::Defined(ty) => Ok(self.defined(ty)),
            ComponentType::Func(ty) => {
                let parameters = ty.params.iter().map(|(_, ty)| ty);
                Ok(self.tree(parameters.chain(&ty.result)))
            }
            ComponentType::Resource { .. } => Ok(Item::of(1)),
            ComponentType::Component(declarations) => {
                self.enter()?;
                for declaration in declarations {
                    self.in_component_type(declaration)?;
                }
                Ok(self.leave_type())
            }
            ComponentType::Instance(declarations) => {
                self.enter()?;
                for declaration in declarations {
                    self.in_instance_type(declaration)?;
                }
                Ok(self.leave_type())
            }
        }
    }

    fn leave_type(&mut self) -> Item<'a> {
        let space = self.leave();
        Item {
            members: Some(Rc::new(space.exports)),
            ..Item::of(space.weight.saturating_add(1))
        }
    }

    fn in_component_type(
        &mut self,
        declaration: &ComponentTypeDeclaration<'a>,
    ) -> Result<(), PackageError> {
        match declaration {
            ComponentTypeDeclaration::CoreType(ty) => self.add_core_type(ty),
            ComponentTypeDeclaration::Type(ty) => self.add_type(ty),
            ComponentTypeDeclaration::Alias(alias) => self.add_alias(alias),
            ComponentTypeDeclaration::Export { name, ty } => self.type_export(name.name, ty),
            ComponentTypeDeclaration::Import(import) => {
                let item = self.used(&import.ty)?;
                self.here.weigh(&item);
                self.here.push(import.ty.kind(), item);
                Ok(())
            }
        }
    }

    /// One declaration of an instance type. Recursive through nested types: `enter` bounds the depth.
    fn in_instance_type(
        &mut self,
        declaration: &InstanceTypeDeclaration<'a>,
    ) -> Result<(), PackageError> {
        match declaration {
            InstanceTypeDeclaration::CoreType(ty) => self.add_core_type(ty),
            InstanceTypeDeclaration::Type(ty) => self.add_type(ty),
            InstanceTypeDeclaration::Alias(alias) => self.add_alias(alias),
            InstanceTypeDeclaration::Export { name, ty } => self.type_export(name.name, ty),
        }
    }

    fn type_export(&mut self, name: &'a str, ty: &ComponentTypeRef) -> Result<(), PackageError> {
        let item = self.used(ty)?;
        self.export(name, ty.kind(), item);
        Ok(())
    }

    /// Exports an item, which gives it an index of its own.
    pub(super) fn export(&mut self, name: &'a str, kind: ComponentExternalKind, item: Item<'a>) {
        self.here.weigh(&item);
        self.here.exports.insert(name, item.clone());
        self.here.push(kind, item);
    }

    fn defined(&self, ty: &ComponentDefinedType<'a>) -> Item<'a> {
        use ComponentDefinedType as Ty;
        match ty {
            Ty::Primitive(_) | Ty::Own(_) | Ty::Borrow(_) => Item::of(1),
            Ty::Flags(names) | Ty::Enum(names) => Item::of(1 + names.len() as u64),
            Ty::Record(fields) => self.tree(fields.iter().map(|(_, ty)| ty)),
            Ty::Tuple(types) => self.tree(types.iter()),
            Ty::Variant(cases) => {
                let tree = self.tree(cases.iter().filter_map(|case| case.ty.as_ref()));
                let weight = tree.weight.saturating_add(cases.len() as u64);
                Item { weight, ..tree }
            }
            Ty::List(ty) | Ty::FixedLengthList(ty, _) | Ty::Option(ty) => self.tree([ty]),
            Ty::Map(key, value) => self.tree([key, value]),
            Ty::Result { ok, err } => self.tree(ok.iter().chain(err)),
            Ty::Future(ty) | Ty::Stream(ty) => self.tree(ty),
        }
    }

    /// A type made of others.
    fn tree<'t>(&self, parts: impl IntoIterator<Item = &'t ComponentValType>) -> Item<'a> {
        let (mut weight, mut depth) = (1_u64, 0);
        for part in parts {
            let (part_weight, part_depth) = self.value(part);
            weight = weight.saturating_add(part_weight);
            depth = depth.max(part_depth);
        }
        let depth = depth.saturating_add(1);
        Item {
            depth,
            ..Item::of(weight)
        }
    }

    /// The weight and depth of a value type.
    fn value(&self, ty: &ComponentValType) -> (u64, u32) {
        match ty {
            ComponentValType::Primitive(_) => (1, 1),
            ComponentValType::Type(index) => {
                let item = pick(&self.here.types, *index);
                (item.weight, item.depth)
            }
        }
    }
}
